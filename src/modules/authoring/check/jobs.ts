/** Runs every job of a product in every way that an agent may have to run it. */
import type { CheckLine, Finding } from './lines.js';
import type { FakeJob } from '../testing/fake-job.js';
import type { Subject } from './conformance.js';
import { leaks } from './leaks.js';
import {
  type Disturbance,
  disturbing,
  ended,
  isKind,
  killingAtEnds,
  type Stage,
  stageFor,
  Unready,
  whileKilled,
} from './stage.js';

export interface Report {
  readonly found: (finding: Finding) => void;
  readonly begins: (job: string) => void;
}

/** A job with more calls is disturbed at this many of them, spread evenly. */
const MOST_POINTS = 40;

export async function checkJobs(subject: Subject, report: Report): Promise<void> {
  const { module } = subject;
  const abilities = [...module.abilities];
  if (!abilities.includes('create'))
    report.found({ line: 'abilities', problem: 'the product has no createJob' });
  const actions = Object.keys((module as { actions?: object }).actions ?? {});
  for (const job of [...abilities, ...actions]) {
    report.begins(job);
    const problem = flowProblem(subject, job);
    if (problem !== undefined) report.found({ line: 'abilities', problem: `${job}: ${problem}` });
    else await checkJob(subject, job, report);
  }
}

function flowProblem({ module }: Subject, job: string): string | undefined {
  if (!isKind(job)) return undefined;
  try {
    const flow: unknown = module.flow(job);
    return typeof flow === 'object' && flow !== null ? undefined : 'the flow is not a table of steps';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

interface Expected {
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly calls: number;
}

async function checkJob(subject: Subject, job: string, { found }: Report): Promise<void> {
  const say = (line: CheckLine, problem: string): void => found({ line, problem: `${job}: ${problem}` });
  const first = await plainRun(subject, job, say);
  if (!first) return;
  await repeated(subject, job, first, say);
  await undone(subject, job, first, say);
  for (const at of points(first.calls)) {
    for (const kind of ['refused', 'down'] as const) await failed(subject, job, { at, kind, ...first }, say);
    for (const kind of ['killed before', 'killed after'] as const)
      await killed(subject, job, { at, kind, ...first }, say);
  }
}

type Say = (line: CheckLine, problem: string) => void;

async function plainRun(subject: Subject, job: string, say: Say): Promise<Expected | undefined> {
  let stage: Stage;
  try {
    stage = await stageFor(subject, job);
  } catch (error) {
    // the job that does not complete has a finding of its own
    if (error instanceof Unready) return undefined;
    throw error;
  }
  const before = stage.things();
  const made = stage.service.made.length;
  const done = await stage.run();
  for (const leak of leaks(stage.service, done)) say('secrets', leak);
  if (done.outcome !== 'completed') {
    const { error } = done;
    say(error?.code === 'not_supported' ? 'abilities' : 'completes', wordsOf(done));
    return undefined;
  }
  return { before, after: stage.things(), calls: stage.service.made.length - made };
}

async function repeated(subject: Subject, job: string, { after }: Expected, say: Say): Promise<void> {
  const stage = await stageFor(subject, job);
  const done = await whileKilled(await stage.run(killingAtEnds()), (one) => one.again());
  if (done.outcome !== 'completed') say('repeated', `when every step runs twice, ${wordsOf(done)}`);
  else compare('repeated', 'when every step has run twice', stage.things(), after, say);
}

async function undone(subject: Subject, job: string, { before }: Expected, say: Say): Promise<void> {
  const stage = await stageFor(subject, job);
  const done = await stage.run();
  if (done.hasPivoted) return;
  const back = await ended(done.undo());
  if (back.outcome !== 'undone') say('undone', `the undo of the completed job fails: ${wordsOf(back)}`);
  else compare('undone', 'after the undo of the completed job', stage.things(), before, say);
  const other = await stageFor(subject, job);
  // the process is killed before the end of every step, but here only the undo is repeated
  const { killBeforeEnd } = killingAtEnds();
  const again = await other.run({
    killBeforeEnd: (step, direction) => direction === 'undo' && killBeforeEnd(step, direction),
  });
  const twice = await whileKilled(await ended(again.undo()), (one) => one.undo());
  if (twice.outcome !== 'undone') say('undone', `when every undo runs twice, ${wordsOf(twice)}`);
  else compare('undone', 'when every undo has run twice', other.things(), before, say);
}

interface Point extends Expected {
  readonly at: number;
  readonly kind: Disturbance;
}

async function failed(
  subject: Subject,
  job: string,
  { at, kind, before, after }: Point,
  say: Say,
): Promise<void> {
  const stage = await stageFor(subject, job);
  const { intercept, call } = disturbing(at, kind);
  const done = await stage.run({ intercept });
  for (const leak of leaks(stage.service, done)) say('secrets', leak);
  // a module may decide that a call is not important
  if (done.outcome === 'completed') return;
  const when = `when ${call()} ${kind === 'down' ? 'gets no response' : 'is refused'}`;
  if (done.outcome === 'failed' && !done.hasPivoted && kind === 'refused') {
    const back = await ended(done.undo());
    if (back.outcome !== 'undone') say('failed', `${when}, the undo fails: ${wordsOf(back)}`);
    else compare('failed', `after the undo, ${when},`, stage.things(), before, say);
    return;
  }
  const again = await ended(done.again());
  if (again.outcome !== 'completed') say('failed', `${when}, the job cannot be continued: ${wordsOf(again)}`);
  else compare('failed', `${when} and the job was continued,`, stage.things(), after, say);
}

async function killed(
  subject: Subject,
  job: string,
  { at, kind, before, after }: Point,
  say: Say,
): Promise<void> {
  const stage = await stageFor(subject, job);
  const { intercept, call } = disturbing(at, kind);
  const done = await stage.run({ intercept });
  const when = `when the process is ${kind} ${call()}`;
  const again = await whileKilled(done, (one) => one.again());
  if (again.outcome !== 'completed') say('killed', `${when}, the job cannot be continued: ${wordsOf(again)}`);
  else compare('killed', `${when} and the job was continued,`, stage.things(), after, say);

  const other = await stageFor(subject, job);
  const stopped = await other.run({ intercept: disturbing(at, kind).intercept });
  if (stopped.hasPivoted) return;
  const back = await ended(stopped.undo());
  if (back.outcome !== 'undone') say('killed', `${when}, the undo fails: ${wordsOf(back)}`);
  else compare('killed', `after the undo, ${when},`, other.things(), before, say);
}

/** Compares what exists with what should exist. */
function compare(
  line: CheckLine,
  when: string,
  found: readonly string[],
  wanted: readonly string[],
  say: Say,
): void {
  const more = without(found, wanted);
  const less = without(wanted, found);
  if (more.length > 0) say(line, `${when} there is too much: ${more.join(', ')}`);
  if (less.length > 0) say(line, `${when} this is missing: ${less.join(', ')}`);
}

/** The items of `all` that are not in `known`. An item that occurs twice must be known twice. */
function without(all: readonly string[], known: readonly string[]): string[] {
  const rest = [...known];
  return all.filter((one) => {
    const at = rest.indexOf(one);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}

function points(calls: number): number[] {
  const count = Math.min(calls, MOST_POINTS);
  return Array.from({ length: count }, (_, index) => Math.floor((index * calls) / count));
}

function wordsOf({ outcome, step, error }: FakeJob): string {
  const at = step === null || step === '' ? '' : `the step "${step}" fails: `;
  const detail = error?.detail === undefined ? '' : ` (${error.detail.split('\n')[0] ?? ''})`;
  return error ? `${at}${error.message}${detail}` : `it ends as ${outcome}`;
}
