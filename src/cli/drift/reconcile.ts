/**
 * innkeeper reconcile: shows each difference between the records and the actual state, together with the planned
 * action. Then makes the repairs that are safe.
 */
import type { Command } from 'commander';
import { asking, type AskOptions, daemonOf } from '../shared/ask.js';
import { formatCell } from '../shared/format-cell.js';
import { type Daemon, type Fields, listOf } from '../shared/daemon.js';
import { CommandFailure } from '../shared/failure.js';
import { column, say, sayJson, table } from '../shared/print.js';

interface Options extends AskOptions {
  readonly dryRun?: true;
  readonly removeOrphans?: true;
  readonly removeUnknown?: readonly string[];
}

export function addReconcile(program: Command): void {
  asking(
    program
      .command('reconcile')
      .description(
        'compare the records of all panels with the actual state, and make the repairs that are safe',
      ),
  )
    .option('--dry-run', 'only show the differences, and change nothing')
    .option('--remove-orphans', "remove objects that have this agent's mark and belong to ended services")
    .option(
      '--remove-unknown <panel/service/generation...>',
      'also remove objects whose mark names one of these services, even though the state has no ' +
        'record of the service',
    )
    .action(async (_, command: Command) => reconcile(command.optsWithGlobals()));
}

async function reconcile(options: Options): Promise<void> {
  const daemon = await daemonOf(options);
  const report = await lookUntilSure(daemon);
  const findings = listOf(report['findings']).map((one) => ({ ...one, action: repairOf(one) }));
  const orphans = listOf(report['orphans']).map((one) => ({ ...one, action: removalOf(one, options) }));
  const { success: _, ...rest } = report;
  if (!options.json) sayPlan(rest, findings, orphans);
  if (options.dryRun) {
    if (options.json) sayJson({ ...rest, findings, orphans });
    return;
  }
  const ids = (rows: readonly Fields[], action: string): unknown[] =>
    rows.filter((one) => one['action'] === action).map((one) => one['id']);
  const ask = { findings: ids(findings, REPAIR), orphans: [], unknown: options.removeUnknown !== undefined };
  const repairs = listOf((await daemon.call('POST', '/reconcile/repair', ask))['repairs']);
  if (!options.json) sayRepairs(repairs);
  const removals: Fields[] = [];
  // The orphans are removed one by one, so that the output shows the progress: each removal may take minutes.
  for (const id of ids(orphans, REMOVE)) {
    const request = { ...ask, findings: [], orphans: [id] };
    const [removal] = listOf(
      (await daemon.call('POST', '/reconcile/repair', request, REMOVAL_MS))['removals'],
    );
    if (!removal) throw new CommandFailure(`The daemon did not report the result for ${formatCell(id)}.`);
    if (!options.json) sayRemoval(removal);
    removals.push(removal);
  }
  if (options.json) sayJson({ ...rest, findings, orphans, repairs, removals });
  const left = [...repairs, ...removals].filter(({ problem }) => problem !== null).length;
  if (left > 0) throw new CommandFailure(`${left} of the repairs and removals failed.`);
}

/** The time limit of a full comparison, and of the removal of a large container. */
const REMOVAL_MS = 20 * 60_000;

/**
 * Repeats the request until the comparison has ended. A comparison consists of two scans some seconds apart, and takes
 * longer than the API allows for one response.
 */
async function lookUntilSure(daemon: Daemon): Promise<Fields> {
  for (;;) {
    const report = await daemon.call('POST', '/reconcile');
    if (report['looking'] !== true) return report;
  }
}

/**
 * The state folder keeps the records of deleted services. An object whose service has no record is therefore most
 * likely the site of a customer, and the state folder is an old copy in which this customer's record is missing.
 */
const UNKNOWN =
  'kept: the state has no record of this service; restore the newest copy of the state (see ' +
  'innkeeper doctor)';
const REPAIR = 'repair';
const REMOVE = 'remove';

function repairOf(finding: Fields): string {
  if (finding['safe'] === true) return REPAIR;
  const hint = finding['hint'];
  return typeof hint === 'string' ? hint : 'an operator must decide';
}

function removalOf(orphan: Fields, options: Options): string {
  const doubt = orphan['doubt'];
  if (typeof doubt === 'string') return `kept: ${doubt}`;
  if (orphan['why'] === 'unknown')
    return options.removeUnknown?.includes(String(orphan['service'])) === true ? REMOVE : UNKNOWN;
  return options.removeOrphans === true ? REMOVE : 'kept (--remove-orphans)';
}

function sayPlan(report: Fields, findings: readonly Fields[], orphans: readonly Fields[]): void {
  say(
    `${formatCell(report['compared'])} services compared, ${formatCell(report['skipped'])} skipped ` +
      `(a job is open or stuck), ${formatCell(report['pending'])} differences not confirmed yet`,
  );
  for (const system of Array.isArray(report['unknown']) ? report['unknown'] : [])
    say(
      `not compared: ${formatCell(system)} (the system could not be queried, or this agent does not ` +
        'manage it)',
    );
  if (findings.length === 0) say('no differences');
  else {
    const names = ['panel', 'service_id', 'part', 'problem', 'expected', 'found', 'action'];
    say(
      `\n${table(
        findings,
        names.map((name) => column(name)),
      )}`,
    );
  }
  if (orphans.length > 0)
    say(
      `\n${table(
        orphans,
        ['what', 'service', 'why', 'action'].map((name) => column(name)),
      )}`,
    );
}

function sayRepairs(repairs: readonly Fields[]): void {
  for (const one of repairs)
    say(
      `repair of ${formatCell(one['service'])} (${formatCell(one['parts'])}): ${formatCell(one['problem'] ?? `job ${formatCell(one['job_id'])}`)}`,
    );
}

function sayRemoval({ what, problem }: Fields): void {
  say(`${formatCell(what)}: ${problem === null ? 'removed' : formatCell(problem)}`);
}
