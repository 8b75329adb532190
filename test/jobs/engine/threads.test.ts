import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { Attempt, ToMain } from '../../../src/jobs/engine/protocol.js';
import { breeThreads, type Thread, type Threads } from '../../../src/jobs/engine/threads.js';
import { testFolder } from '../../test-folder.js';

const attempt = { jobId: 'x' } as unknown as Attempt;

/**
 * A worker that writes a line when it is loaded, and tells its thread's number for an attempt. `extra` runs before
 * that line; `loads` is how many there were.
 */
async function house(t: Test, extra = ''): Promise<{ threads: Threads; loads: () => Promise<number> }> {
  const dir = testFolder(t, { loads: '' });
  const [worker, log] = [join(dir, 'worker.mjs'), join(dir, 'loads')];
  await writeFile(
    worker,
    `import { appendFileSync, readFileSync } from 'node:fs';
import { parentPort, threadId } from 'node:worker_threads';
const loads = readFileSync(${JSON.stringify(log)}, 'utf8').length;
appendFileSync(${JSON.stringify(log)}, '.');
${extra}
parentPort.on('message', ({ kind, attempt }) => {
  if (kind !== 'begin') return;
  parentPort.postMessage({ kind: 'log', level: 'info', step: '', message: attempt.jobId, fields: { threadId } });
  parentPort.close();
});
parentPort.postMessage({ kind: 'loaded' });
`,
  );
  const threads = breeThreads(worker);
  t.teardown(() => threads.stop());
  return { threads, loads: async () => (await readFile(log, 'utf8')).length };
}

async function until(what: () => Promise<boolean>): Promise<void> {
  while (!(await what())) await delay(5);
}

/** What the thread of one attempt said, and its end. */
async function run(threads: Threads): Promise<{ said: readonly ToMain[]; death: Error | undefined }> {
  const said: ToMain[] = [];
  const thread: Thread = await threads.start(attempt, (message) => said.push(message as ToMain), false);
  const death = await thread.gone;
  return { said, death };
}

const numberIn = (said: readonly ToMain[]): unknown =>
  said.find((message) => message.kind === 'log')?.fields['threadId'];

t.test('a thread is loaded before the attempt that it runs is there', async (t) => {
  const { threads, loads } = await house(t);
  threads.warm();
  await until(async () => (await loads()) === 1);
  const first = await run(threads);
  await until(async () => (await loads()) === 2);
  const second = await run(threads);
  t.same(
    [first, second].map(({ said, death }) => [said.length, death]),
    [
      [1, undefined],
      [1, undefined],
    ],
  );
  t.not(numberIn(first.said), numberIn(second.said), 'no thread runs two attempts');
});

t.test('all at once get a thread each, and one more is loaded', async (t) => {
  const { threads, loads } = await house(t);
  const all = await Promise.all(Array.from({ length: 5 }, () => run(threads)));
  t.equal(new Set(all.map(({ said }) => numberIn(said))).size, 5);
  await until(async () => (await loads()) === 6);
  await delay(50);
  t.equal(await loads(), 6, 'and no more than one');
});

t.test('a thread that died while nobody needed it is not given to an attempt', async (t) => {
  const { threads, loads } = await house(t, 'if (loads === 0) setTimeout(() => process.exit(), 20);');
  threads.warm();
  await until(async () => (await loads()) === 1);
  await delay(100);
  const { said, death } = await run(threads);
  t.equal(death, undefined);
  t.not(numberIn(said), undefined);
  t.ok((await loads()) >= 2);
});

t.test('an attempt learns of what kept its thread from loading', async (t) => {
  const { threads } = await house(t, "throw new Error('no such library');");
  const { said, death } = await run(threads);
  t.same(said, []);
  t.match(death, { message: 'no such library' });
});

t.test(
  'attempts that still wait for a thread at a stop are told, and none is loaded afterwards',
  async (t) => {
    const { threads, loads } = await house(t);
    const started = Array.from({ length: 20 }, () => threads.start(attempt, () => {}, false));
    const ends = Promise.allSettled(started);
    await threads.stop();
    const refused = (await ends).filter(({ status }) => status === 'rejected');
    t.ok(refused.length > 0);
    t.match(refused[0], { reason: { code: 'aborted' } });
    const before = await loads();
    await delay(100);
    t.equal(await loads(), before);
    t.ok(before < 20);
  },
);

t.test('a thread that is being loaded when the agent stops does not live on', async (t) => {
  const file = join(testFolder(t), 'beats');
  const beats = `setInterval(() => appendFileSync(${JSON.stringify(file)}, '.'), 5);`;
  for (const ms of [0, 1, 5, 20, 60]) {
    const { threads } = await house(t, beats);
    threads.warm();
    if (ms > 0) await delay(ms);
    await threads.stop();
    await t.rejects(
      threads.start(attempt, () => {}, true),
      { code: 'aborted' },
      `stopped after ${ms} ms`,
    );
    const size = async (): Promise<number> => (await readFile(file, 'utf8').catch(() => '')).length;
    await until(async () => {
      const before = await size();
      await delay(200);
      return (await size()) === before;
    });
  }
});
