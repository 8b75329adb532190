/** One cell of the grid: one operation with one or two deaths of the daemon, and the check of everything afterwards. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Death, Point } from './boundaries.js';
import { broken } from './invariants.js';
import { callsOf, type Operation, type Subject } from './operation.js';
import { isTrouble, jobEnd, jobOf, stepDone, untilAnswered } from './panel.js';
import { type Picture, serviceIn, takePicture } from './picture.js';
import { endedAs, type Ending, isRunning, promiseBroken } from './promise.js';
import type { Answer, Call, Rig } from './harness.js';

type Calls = readonly ((answers: readonly Answer[]) => Call)[];

export interface Result {
  readonly operation: string;
  readonly ended: Ending;
  /** Number of deaths of the daemon. */
  readonly deaths: number;
  readonly problems: readonly string[];
  /** Milliseconds from the restart of the daemon to the end of the job. */
  readonly recoveryMs: number;
}

/** How long the environment and work outside of jobs may take to finish. */
const REST_MS = 20_000;
const REST_LOOK_MS = 60;
const LINGER_MS = 50;

export interface Try {
  readonly subject: Subject;
  /** The first death is during the operation; further ones are while the daemon recovers. */
  readonly deaths: readonly Death[];
}

/** Throws only when the harness itself fails. */
export async function tryOperation(rig: Rig, operation: Operation, request: Try): Promise<Result> {
  const subject = await prepared(rig, operation, request.subject);
  if (operation.fault) await rig.fault(operation.fault);
  try {
    return await carriedOut(rig, operation, { ...request, subject });
  } finally {
    if (operation.fault) await rig.control('DELETE', '/faults');
  }
}

async function prepared(rig: Rig, operation: Operation, subject: Subject): Promise<Subject> {
  await operation.ready?.(rig, subject);
  const picture = await rested(rig, []);
  const before = serviceIn(picture.picture, subject.id);
  return { ...subject, before, ran: isRunning(picture.picture, before) };
}

async function carriedOut(rig: Rig, operation: Operation, { subject, deaths }: Try): Promise<Result> {
  const [first, ...later] = deaths;
  const calls = callsOf(operation, subject);
  await rig.set(first);
  const answers: Answer[] = [];
  for (const call of calls) {
    const job = answers.map(jobOf).findLast((id) => id !== undefined);
    if (operation.midway !== undefined && job !== undefined) await stepDone(rig, job, operation.midway);
    answers.push(await rig.post(call(answers)));
  }
  if (answers.every(({ status }) => status !== 0)) await lastEnd(rig, answers);
  // the point may be after the end of the job: an event, a certificate
  const atRest = async (): Promise<void> => {
    await rested(
      rig,
      answers.flatMap((answer) => jobOf(answer) ?? []),
    );
    await delay(LINGER_MS);
  };
  if (first) {
    await Promise.race([rig.gone(), atRest()]);
    if (!rig.isDown()) await rig.set(undefined).catch(() => rig.gone());
  }
  const queue = [...later];
  let died = 0;
  let upAt = Date.now();
  const sentAgain = new Set<number>();
  while (rig.isDown()) {
    died += 1;
    const next = queue.shift();
    const up = await rig.start(next);
    upAt = Date.now();
    // a later death must happen during the recovery, whatever it counts
    if (up && next) await Promise.race([rig.gone(), settled(rig, calls, answers, sentAgain)]);
    if (!rig.isDown()) await rig.set(undefined).catch(() => rig.gone());
  }
  return judge(rig, operation, { subject, calls, answers, sentAgain, died, upAt });
}

/** Repeats requests that were not acknowledged, and waits for the last job. */
async function settled(rig: Rig, calls: Calls, answers: Answer[], sentAgain: Set<number>): Promise<void> {
  for (const [n, call] of calls.entries()) {
    if (isAnswered(answers[n]) || rig.isDown()) continue;
    sentAgain.add(n);
    answers[n] = await rig.post(call(answers));
  }
  await lastEnd(rig, answers);
}

const isAnswered = (answer: Answer | undefined): boolean => answer !== undefined && !isTrouble(answer);

async function lastEnd(rig: Rig, answers: readonly Answer[]): Promise<void> {
  const id = answers.map(jobOf).findLast((job) => job !== undefined);
  if (id !== undefined) await jobEnd(rig, id);
}

interface Outcome {
  readonly subject: Subject;
  readonly calls: Calls;
  readonly answers: Answer[];
  /** Indices of calls whose response is that of a repetition. */
  readonly sentAgain: ReadonlySet<number>;
  readonly died: number;
  readonly upAt: number;
}

async function judge(rig: Rig, operation: Operation, outcome: Outcome): Promise<Result> {
  const { subject, calls, answers, sentAgain, died, upAt } = outcome;
  const problems: string[] = [];
  const acknowledged: string[] = answers.flatMap((answer) => jobOf(answer) ?? []);
  for (const [n, callOf] of calls.entries()) {
    const first = answers[n];
    const isFirst = first !== undefined && isAnswered(first);
    const call = callOf(answers);
    const answer = isFirst ? first : await untilAnswered(rig, call);
    answers[n] = answer;
    const { code } = answer.body;
    // the second call may come too late although it is sent only once
    const isRepeated = !isFirst || sentAgain.has(n);
    const already = (n > 0 || isRepeated) && operation.already?.some((one) => one === code);
    if (answer.status >= 300 && already !== true)
      problems.push(`${call.path} was answered ${answer.status} ${JSON.stringify(answer.body)}`);
    acknowledged.push(...[jobOf(answer)].filter((id) => id !== undefined));
  }
  const ends = await Promise.all(
    [...new Set(acknowledged)].map(async (id) => ({ id, end: await jobEnd(rig, id) })),
  );
  const recoveryMs = Date.now() - upAt;
  for (const { id, end } of ends)
    if (end?.status === 'lost') problems.push(`the acknowledged job ${id} does not exist`);
  const last = ends.at(-1);
  const { picture, problems: leaks } = await rested(rig, acknowledged);
  problems.push(...leaks);
  const after = serviceIn(picture, subject.id);
  const status = last ? (last.end?.status ?? 'hung') : 'completed';
  const ended = endedAs(status, operation);
  problems.push(...promiseBroken(operation, { ended, after, subject, picture }));
  if (ended === 'stuck' || ended === 'hung') problems.push(`the job is ${status}: ${last?.end?.error ?? ''}`);
  return { operation: operation.name, ended, deaths: died, problems, recoveryMs };
}

/** Checks until every invariant holds and the end of every acknowledged job was reported, or until the time is up. */
export async function rested(
  rig: Rig,
  acknowledged: readonly string[],
): Promise<{ picture: Picture; problems: string[] }> {
  const deadline = Date.now() + REST_MS;
  for (;;) {
    const picture = await takePicture(rig).catch(() => undefined);
    if (picture) {
      const problems = [...broken(picture), ...untold(picture, acknowledged)];
      if (problems.length === 0 || Date.now() > deadline || rig.isDown()) return { picture, problems };
    } else if (Date.now() > deadline) {
      return { picture: await takePicture(rig), problems: [] };
    }
    await delay(REST_LOOK_MS);
  }
}

const ENDS = ['job.completed', 'job.failed', 'job.stuck', 'job.cancelled'];

function untold({ events }: Picture, acknowledged: readonly string[]): string[] {
  return [...new Set(acknowledged)]
    .filter((id) => !events.some(({ type, data }) => ENDS.includes(type) && data.job_id === id))
    .map((id) => `the end of job ${id} was not told`);
}

/** The points of a run without a death, in order. */
export async function pointsOf(rig: Rig, operation: Operation, subject: Subject): Promise<readonly Point[]> {
  const result = await tryOperation(rig, operation, { subject, deaths: [] });
  if (result.problems.length > 0)
    throw new Error(`${operation.name}, unharmed: ${result.problems.join('; ')}`);
  return rig.passed();
}
