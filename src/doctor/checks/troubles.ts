/**
 * Checks for problems that require an operator: stuck jobs, failed orders, active alerts. Reads the documents, so it
 * works with the daemon up or down.
 */
import { ALERTS, type AlertRecord } from '../../model/alert.js';
import { whyOf } from '../../kernel/cause.js';
import { cleaned } from '../../kernel/text.js';
import { innkeeper } from '../../kernel/command-line.js';
import type { Trouble, Verified } from '../../state/transfer/verify.js';
import { type Check, ok, type Verdict, warning, wrong } from '../../drivers/shared/doctor/check.js';

/**
 * The maximum number of problems of one kind that are listed. Further ones are only counted, because a list with
 * hundreds of entries would hide other problems.
 */
const MANY = 5;

/** Alerts that are omitted here, because a separate check reports each of them together with the commands that help. */
const TOLD_APART: readonly string[] = ['job_stuck', 'order_failed', 'clock_jump'];

export function troubleChecks(verify: () => Promise<Verified | undefined>): Check[] {
  return [
    {
      name: 'jobs',
      title: 'jobs that require an operator',
      after: ['state.folder'],
      look: ['innkeeper job list --status stuck'],
      withinMs: 120_000,
      run: async () => judgeJobs((await verify())?.troubles ?? []),
    },
    {
      name: 'alerts',
      title: 'active alerts',
      after: ['state.folder'],
      look: ['innkeeper alerts'],
      withinMs: 120_000,
      run: async () => judgeAlerts((await verify())?.alerts ?? []),
    },
  ];
}

function judgeJobs(troubles: readonly Trouble[]): Verdict {
  if (troubles.length === 0) return ok('none');
  const told = troubles.slice(0, MANY);
  return wrong(
    listed(
      told.map(({ service, job }) => {
        const how = job.status === 'stuck' ? 'is stuck' : 'failed and was rolled back';
        return `${job.method} of service ${service} ${how}.${whyOf(job.error)}`;
      }),
      troubles.length,
    ),
    ...told.flatMap(({ panel, service, job }) => [
      innkeeper(['job', 'show', job.id], panel),
      innkeeper(['service', 'retry', service], panel),
    ]),
  );
}

/**
 * Lists the worst alerts first. If the daemon is down, alerts that it raised before it ended are included as well,
 * because nothing has cleared them since.
 */
function judgeAlerts(all: readonly AlertRecord[]): Verdict {
  const isCritical = ({ kind }: AlertRecord): boolean => ALERTS[kind].severity === 'critical';
  const alerts = all
    .filter(({ kind }) => !TOLD_APART.includes(kind))
    .sort((a, b) => Number(isCritical(b)) - Number(isCritical(a)));
  if (alerts.length === 0) return ok('none besides those listed above');
  const told = alerts.slice(0, MANY);
  const found = listed(
    told.map(({ kind, raisedAt, text }) => `${kind} since ${raisedAt}: ${cleaned(text)}`),
    alerts.length,
  );
  const commands = ['innkeeper alerts', ...told.flatMap(({ commands: helps = [] }) => helps)];
  // the command `innkeeper doctor` is omitted, because the operator is already running it
  const fix = [...new Set(commands)].filter((command) => command !== 'innkeeper doctor');
  return alerts.some(isCritical) ? wrong(found, ...fix) : warning(found, ...fix);
}

function listed(lines: readonly string[], count: number): string {
  const more = count - lines.length;
  return [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
}
