/** Few or no file descriptors are free. */
import { type MakeCondition, OF_AGENT } from '../condition.js';

const RECENT_MS = 300_000;
/** Percentages of descriptors in use at which the alert is raised, and below which it is cleared. */
const HIGH = 90;
const EASE = 80;
const COMMANDS = [
  'systemctl show innkeeper -p LimitNOFILE',
  '# raise the limit: systemctl edit innkeeper, with the two lines [Service] and LimitNOFILE=65536; then',
  'systemctl restart innkeeper',
] as const;

export const descriptorsExhausted: MakeCondition =
  ({ descriptors, clock }) =>
  (active) => {
    const { open, limit, refusedAt } = descriptors();
    const recent = refusedAt !== undefined && clock.now() - refusedAt < RECENT_MS;
    const percent = open === undefined || limit === undefined ? 0 : (open / limit) * 100;
    if (open !== undefined && !recent && percent < (active.length > 0 ? EASE : HIGH)) return [];
    const of = `of ${limit ?? 'unknown'} file descriptors`;
    const found = open === undefined ? `None ${of} is free.` : `${open} ${of} are in use.`;
    return [
      {
        kind: 'descriptors_exhausted',
        subject: 'agent',
        ...OF_AGENT,
        text: `${found} Without free descriptors, requests are refused and jobs wait.`,
        commands: COMMANDS,
        data: { open: open ?? null, limit: limit ?? null },
      },
    ];
  };
