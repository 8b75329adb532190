/** Many operations side by side while the daemon is killed again and again at moments of no meaning, from a seed; a look at everything in between. */
import { setTimeout as delay } from 'node:timers/promises';
import { rested } from './cell.js';
import { type Operation, OPERATIONS, type Subject } from './operations.js';
import { jobEnd, jobOf, untilAnswered } from './panel.js';
import { type ServiceOnDisk, serviceIn, takePicture } from './picture.js';
import { type Ending, endedAs, isRunning, promiseBroken } from './promise.js';
import { openRig, type Rig } from './rig.js';
import { type Chance, seeded } from './seeded.js';

export interface RandomOptions {
  readonly seed: number;
  readonly kills: number;
  /** Operations under way at once, each on a service of its own. */
  readonly workers: number;
  readonly say: (line: string) => void;
}

export interface RandomReport {
  readonly kills: number;
  readonly ended: Readonly<Record<Ending, number>>;
  readonly problems: readonly string[];
}

/** Slow enough that most deaths meet something that is under way. */
const DELAYS = 0.1;
/** Milliseconds that the daemon lives once it is up, at most. */
const LIFE_MS = 2_500;
/** One death of so many comes while the daemon starts, within so many milliseconds. */
const AT_START = { every: 5, withinMs: 900 };
/** Kills between two looks at everything. */
const ROUND = 25;
/** What was promised may take a moment to be seen, in milliseconds. */
const SEEN_MS = 10_000;

export async function runRandom(options: RandomOptions): Promise<RandomReport> {
  const rig = await openRig({ source: 'template', delays: DELAYS });
  const report = { kills: 0, ended: { done: 0, undone: 0, stuck: 0, hung: 0 }, problems: [] as string[] };
  const killing = seeded(options.seed);
  const workers = Array.from({ length: options.workers }, (_, n) => new Worker(n, options.seed, rig));
  try {
    await rig.start();
    while (report.kills < options.kills && report.problems.length === 0) {
      await oneRound(rig, workers, killing, Math.min(ROUND, options.kills - report.kills), report);
      options.say(`${report.kills} kills: ${JSON.stringify(report.ended)}`);
    }
  } finally {
    if (report.problems.length === 0) await rig.close();
    else options.say(`what is known of it: ${await rig.leave()}`);
  }
  return report;
}

type Report = { kills: number; ended: Record<Ending, number>; problems: string[] };

async function oneRound(
  rig: Rig,
  workers: readonly Worker[],
  killing: Chance,
  kills: number,
  report: Report,
): Promise<void> {
  const over = new AbortController();
  const work = workers.map(async (worker) => {
    while (!over.signal.aborted) {
      const { ended, problems } = await worker.turn();
      if (ended) report.ended[ended] += 1;
      report.problems.push(...problems);
      if (problems.length > 0) over.abort();
    }
  });
  for (let n = 0; n < kills && !over.signal.aborted; n += 1) {
    await delay(killing.below(LIFE_MS));
    await rig.kill();
    report.kills += 1;
    await upAgain(rig, killing, report);
  }
  over.abort();
  await Promise.all(work);
  const acknowledged = workers.flatMap((worker) => worker.takeAcknowledged());
  report.problems.push(...(await rested(rig, acknowledged)).problems);
}

async function upAgain(rig: Rig, killing: Chance, report: Report): Promise<void> {
  const starting = rig.start();
  if (killing.below(AT_START.every) === 0) {
    await delay(killing.below(AT_START.withinMs));
    await rig.kill();
    report.kills += 1;
  }
  if (!(await starting) || rig.isDown()) await rig.start();
}

/** A panel with one service at a time. */
class Worker {
  readonly #rig: Rig;
  readonly #chance: Chance;
  readonly #name: string;
  readonly #first: number;
  #lives = 1;
  #tries = 0;
  #acknowledged: string[] = [];

  constructor(n: number, seed: number, rig: Rig) {
    this.#rig = rig;
    this.#name = `w${n}`;
    this.#first = (n + 1) * 10_000;
    this.#chance = seeded(seed + n + 1);
  }

  takeAcknowledged(): string[] {
    return this.#acknowledged.splice(0);
  }

  /** One operation from its call to its end; no ending when it could not even begin. */
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
      // it was given up after too many deaths: another operation shows what is left
      return { problems: [] };
    }
    return this.#carryOut(operation, subject);
  }

  #choose(standing: ServiceOnDisk | undefined): Operation | undefined {
    const usable = OPERATIONS.filter(({ source, fault }) => source === undefined && fault === undefined);
    if (!standing) return this.#chance.pick(usable.filter(({ fresh }) => fresh));
    if (standing.lifecycle === 'terminated' || standing.lifecycle === 'failed') {
      const isStuck = standing.jobs.some(({ status }) => status === 'stuck');
      return isStuck ? usable.find(({ name }) => name === 'delete') : undefined;
    }
    return this.#chance.pick(usable.filter(({ fresh }) => !fresh));
  }

  async #carryOut(
    operation: Operation,
    wish: Subject,
  ): Promise<{ readonly ended: Ending; readonly problems: readonly string[] }> {
    const rig = this.#rig;
    const picture = await takePicture(rig);
    const before = serviceIn(picture, wish.id);
    const subject = { ...wish, before, ran: isRunning(picture, before) };
    const problems: string[] = [];
    let last = { status: 'completed', error: '' };
    const calls = [operation.call(subject), ...(operation.also ? [operation.also(subject)] : [])];
    const jobs: (string | undefined)[] = [];
    for (const call of calls) {
      const answer = await untilAnswered(rig, call);
      const { code } = answer.body;
      const already = answer.sent > 1 && operation.already?.some((one) => one === code);
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
        running: isRunning(picture, after),
      });
      if (problems.length === 0 || Date.now() > deadline) return problems;
      await delay(100);
    }
  }
}
