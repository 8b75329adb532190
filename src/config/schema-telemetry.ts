/** Keys about what operators see of the agent: the log, the audit log, alerts. */
import { block, list, number, oneOf, section, text } from './building-blocks.js';
import { ID } from './patterns.js';
import { commandKeys } from '../drivers/hook/command/config.js';
import { webhookKeys } from '../drivers/hook/webhook/config.js';

export const LogSchema = section('The log.', {
  level: oneOf('How much is logged.', ['trace', 'debug', 'info', 'warn', 'error'], { default: 'info' }),
  format: oneOf(
    'The form of the log: `json` writes one JSON object per line, `journal` the same with the priority that systemd reads in front, `text` lines for people. `auto` chooses `journal` for the systemd journal, `text` for a terminal, and else `json`.',
    ['auto', 'json', 'journal', 'text'],
    { default: 'auto' },
  ),
});

export const AuditSchema = section('The audit log: who asked for which change.', {
  keep_days: number('How long it is kept.', 1, 36_500, { unit: 'days', default: 365 }),
});

export const AlertsSchema = section('What operators are told without having asked.', {
  certificate_days: number('A certificate with fewer days left is worth an alert.', 1, 365, {
    unit: 'days',
    default: 14,
  }),
  pool_percent: number('A pool that is used up so far is worth an alert.', 10, 100, {
    unit: 'percent',
    default: 90,
  }),
  hooks: list(
    'Who is told; each hook has either a command or a URL.',
    block('A hook.', {
      name: text('Name of the hook, in the log.', {
        pattern: ID,
        expected: '1-64 of letters, digits, ".", "_", "-", not starting with "." or "-"',
      }),
      ...commandKeys,
      ...webhookKeys,
    }),
    { default: [] },
  ),
});
