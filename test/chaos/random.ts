/**
 * Runs many operations concurrently while the daemon is killed at random moments, from a seed, and checks everything
 * in between.
 */
import { once, setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Death } from './boundaries.js';
import { rested } from './cell.js';
import { type Disturbances, disturbances, type Fired } from './disturbances.js';
import { callsOf, type Operation, type Subject } from './operation.js';
import { OPERATIONS } from './operations.js';
import { jobEnd, jobOf, untilAnswered } from './panel.js';
import { type ServiceOnDisk, serviceIn, takePicture } from './picture.js';
import { type Ending, endedAs, isRunning, promiseBroken } from './promise.js';
import { type Answer, openRig, type Rig } from './harness.js';
import { type Chance, seeded } from './seeded.js';

export interface RandomOptions {
  readonly seed: number;
  readonly kills: number;
  /** Number of concurrent operations, each on its own service. */
  readonly workers: number;
  /**
   * Maximum number of points in one life of the daemon, so that a slow machine gets the same deaths as a fast one.
   * Default 500.
   */
  readonly life?: number | undefined;
  readonly say: (line: string) => void;
}

export interface RandomReport {
  readonly kills: number;
  readonly ended: Readonly<Record<Ending, number>>;
  /** Disturbances in addition to the deaths. */
  readonly disturbed: Fired;
  readonly problems: readonly string[];
}

/** Slow enough that most deaths happen during work. */
const DELAYS = 0.1;
const LIFE = 500;
/** Half of the deaths come up to this many milliseconds after their point. */
const LATER_MS = 40;
/** One in `every` lives ends within its first `points` points, while the daemon starts. */
const SHORT = { every: 5, points: 12 };
/** Number of kills between two checks of everything. */
const ROUND = 20;
/** Milliseconds within which a promised effect must be visible. */
const SEEN_MS = 10_000;

export async function runRandom(options: RandomOptions): Promise<RandomReport> {
  const rig = await openRig({ world: 'template', delays: DELAYS });
  const report = { kills: 0, ended: { done: 0, undone: 0, stuck: 0, hung: 0 }, problems: [] as string[] };
  const nextDeath = deathsFrom(seeded(options.seed), options.life ?? LIFE);
  const trouble = disturbances(rig, seeded(options.seed + 1_000));
  const workers = Array.from(
    { length: options.workers },
    (_, n) => new Worker(n, options.seed, rig, options.say),
  );
  try {
    await rig.start();
    while (report.kills < options.kills && report.problems.length === 0) {
      const kills = Math.min(ROUND, options.kills - report.kills);
      await oneRound({ rig, workers, nextDeath, trouble, kills, report });
      options.say(`${report.kills} kills: ${JSON.stringify(report.ended)}`);
    }
    return { ...report, disturbed: await trouble.fired() };
  } finally {
    await trouble.calm().catch(() => {});
    if (report.problems.length === 0) await rig.close();
    else options.say(`what is known of it: ${await rig.leave()}`);
  }
}

type Report = { kills: number; ended: Record<Ending, number>; problems: string[] };

interface Round {
  readonly rig: Rig;
  readonly workers: readonly Worker[];
  readonly nextDeath: () => Death;
  readonly trouble: Disturbances;
  readonly kills: number;
  readonly report: Report;
}

async function oneRound({ rig, workers, nextDeath, trouble, kills, report }: Round): Promise<void> {
  const over = new AbortController();
  setMaxListeners(0, over.signal);
  const work = workers.map(async (worker) => {
    while (!over.signal.aborted) {
      const { ended, problems } = await worker.turn();
      if (ended) report.ended[ended] += 1;
      report.problems.push(...problems);
      if (problems.length > 0) over.abort();
    }
  });
  await rig.set(nextDeath());
  await trouble.next();
  for (let n = 0; n < kills && (await dies(rig, over.signal)); n += 1) {
    report.kills += 1;
    const last = n + 1 === kills;
    while (!(await rig.start(last ? undefined : nextDeath()))) report.kills += 1;
    if (!last) await trouble.next();
  }
  await trouble.calm();
  over.abort();
  await Promise.all([...work, liveOn(rig)]);
  report.problems.push(...(await finishStuck(rig)));
  const acknowledged = workers.flatMap((worker) => worker.takeAcknowledged());
  report.problems.push(...(await rested(rig, acknowledged)).problems);
}

/** False if the round ended first. */
async function dies(rig: Rig, over: AbortSignal): Promise<boolean> {
  const ended = once(over, 'abort').then(() => false);
  return over.aborted ? false : Promise.race([rig.gone().then(() => true), ended]);
}

async function liveOn(rig: Rig): Promise<void> {
  const isSet = await rig.set(undefined).then(
    () => true,
    () => false,
  );
  if (!isSet || rig.isDown()) await rig.start();
}

/**
 * Retries stuck jobs, as an operator would: a job that crashed repeatedly without progress then continues. A site
 * that was never created is left for its deletion.
 */
async function finishStuck(rig: Rig): Promise<string[]> {
  const problems: string[] = [];
  for (const { id: service, lifecycle, jobs } of (await takePicture(rig)).services) {
    if (lifecycle !== 'active' && lifecycle !== 'suspended') continue;
    for (const { id, method } of jobs.filter(({ status }) => status === 'stuck')) {
      const { status } = await untilAnswered(rig, { path: `/jobs/${id}/retry`, body: {} });
      const end = status < 300 ? await jobEnd(rig, id, true) : undefined;
      if (!end || end.status === 'stuck')
        problems.push(
          `${method} of ${service} was stuck, and does not go on: ${status} ${JSON.stringify(end)}`,
        );
    }
  }
  return problems;
}

function deathsFrom(chance: Chance, life: number): () => Death {
  return () => {
    const any = 1 + chance.below(chance.below(SHORT.every) === 0 ? SHORT.points : life);
    return chance.below(2) === 0 ? { any } : { any, laterMs: 1 + chance.below(LATER_MS) };
  };
}

/** A panel with one service at a time. */
class Worker {
  readonly #rig: Rig;
  readonly #chance: Chance;
  readonly #say: (line: string) => void;
  readonly #name: string;
  readonly #first: number;
  #lives = 1;
  #tries = 0;
  #acknowledged: string[] = [];

  constructor(n: number, seed: number, rig: Rig, say: (line: string) => void) {
    this.#rig = rig;
    this.#say = say;
    this.#name = `w${n}`;
    this.#first = (n + 1) * 10_000;
    this.#chance = seeded(seed + n + 1);
  }

  takeAcknowledged(): string[] {
    return this.#acknowledged.splice(0);
  }

  /** Performs one operation from its request to its end; no `ended` if it could not begin. */
  async turn(): Promise<{ readonly ended?: Ending; readonly problems: readonly string[] }> {
    const rig = this.#rig;
    this.#tries += 1;
    const subject: Subject = { id: `${this.#name}-${this.#lives}`, n: this.#first + this.#tries };
    const standing = serviceIn(await takePicture(rig), subject.id);
    const operation = this.#choose(standing);
    if (!operation) {
      this.#lives += 1;
      return { problems: [] };
    }
    try {
      await operation.ready?.(rig, subject);
    } catch {
      // it failed after too many deaths: another operation checks what is left
      return { problems: [] };
    }
    return this.#carryOut(operation, subject);
  }

  #choose(standing: ServiceOnDisk | undefined): Operation | undefined {
    const usable = OPERATIONS.filter(({ world, alone }) => world === undefined && !alone);
    if (!standing) return this.#chance.pick(usable.filter(({ fresh }) => fresh));
    // a service with a stuck creation stays in creation until an operator acts
    if (standing.lifecycle !== 'active' && standing.lifecycle !== 'suspended') {
      const isStuck = standing.jobs.some(({ status }) => status === 'stuck');
      return isStuck ? usable.find(({ name }) => name === 'delete') : undefined;
    }
    return this.#chance.pick(usable.filter(({ fresh }) => !fresh));
  }

  async #carryOut(
    operation: Operation,
    request: Subject,
  ): Promise<{ readonly ended: Ending; readonly problems: readonly string[] }> {
    const rig = this.#rig;
    const picture = await takePicture(rig);
    const before = serviceIn(picture, request.id);
    const subject = { ...request, before, ran: isRunning(picture, before) };
    const problems: string[] = [];
    let last = { status: 'completed', error: '' };
    const answers: Answer[] = [];
    const jobs: (string | undefined)[] = [];
    for (const callOf of callsOf(operation, subject)) {
      const call = callOf(answers);
      const answer = await untilAnswered(rig, call);
      answers.push(answer);
      const { code } = answer.body;
      const already =
        (answers.length > 1 || answer.sent > 1) && operation.already?.some((one) => one === code);
      if (answer.status >= 300 && already !== true)
        problems.push(`${call.path} was answered ${answer.status} ${JSON.stringify(answer.body)}`);
      jobs.push(jobOf(answer));
    }
    for (const id of jobs.filter((job) => job !== undefined)) {
      this.#acknowledged.push(id);
      last = (await jobEnd(rig, id, true)) ?? { status: 'hung', error: '' };
      if (last.status === 'lost') problems.push(`the acknowledged job ${id} does not exist`);
    }
    const ended = endedAs(last.status, operation);
    if (ended !== 'done') this.#say(`${operation.name} of ${subject.id} is ${ended}: ${last.error}`);
    if (ended === 'hung') problems.push('the job did not end');
    problems.push(...(await this.#seen(operation, subject, ended)));
    return {
      ended,
      problems: problems.map((text) => `${operation.name} of ${subject.id} (${last.status}): ${text}`),
    };
  }

  async #seen(operation: Operation, subject: Subject, ended: Ending): Promise<string[]> {
    const deadline = Date.now() + SEEN_MS;
    for (;;) {
      const picture = await takePicture(this.#rig);
      const after = serviceIn(picture, subject.id);
      const problems = promiseBroken(operation, {
        ended,
        after,
        subject,
        picture,
      });
      if (problems.length === 0 || Date.now() > deadline) return problems;
      await delay(100);
    }
  }
}
