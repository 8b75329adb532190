/** One process for many short attempts. */
import t from 'tap';
import { keptThreads } from '../../../src/jobs/engine/kept-threads.js';
import type { Attempt, ToWorker } from '../../../src/jobs/engine/protocol.js';
import type { Thread, Threads } from '../../../src/jobs/engine/threads.js';

/** Threads that a test drives by hand. */
function pool() {
  const opened: {
    readonly said: ToWorker[];
    readonly say: (message: unknown) => void;
    readonly die: (error?: Error) => void;
    isGone: boolean;
  }[] = [];
  const threads: Threads = {
    async start(attempt, onMessage): Promise<Thread> {
      const said: ToWorker[] = [{ kind: 'begin', attempt }];
      let die = (_?: Error): void => {};
      const gone = new Promise<Error | undefined>((resolve) => (die = resolve));
      const one = {
        ...{ said, say: onMessage, isGone: false },
        die(error?: Error) {
          one.isGone = true;
          die(error);
        },
      };
      opened.push(one);
      return { gone, send: (message) => void said.push(message), terminate: async () => one.die() };
    },
    warm: () => {},
    stop: async () => {},
  };
  return { threads, opened };
}

const attempt = (jobId: string, modulePath = '/shop/module.js'): Attempt => {
  const some: unknown = { jobId, modulePath };
  return some as Attempt;
};
const END = { kind: 'end', outcome: { kind: 'completed' } };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

t.test('attempts of the same code share a thread, one after the other', async (t) => {
  const { threads, opened } = pool();
  const kept = keptThreads(threads, { most: 3, idleMs: 60_000 });
  const heard: unknown[] = [];
  const run = (id: string, path?: string): Promise<Thread> =>
    kept.start(attempt(id, path), (message) => heard.push([id, message]), false);
  const first = await run('1');
  const beside = await run('2');
  t.equal(opened.length, 2, 'a busy thread is not shared');
  opened[0]?.say(END);
  t.equal(await first.gone, undefined);
  const third = await run('3');
  t.match(opened[0]?.said[1], { kind: 'begin', attempt: { jobId: '3', keep: true } });
  await run('4', '/other/module.js');
  t.equal(opened.length, 3, 'other code gets another thread');
  first.send({ kind: 'abort', error: { code: 'aborted', message: 'x', retryable: true } });
  await first.terminate();
  t.equal(opened[0]?.said.length, 2, 'an attempt that has ended says nothing to the next one');
  t.notOk(opened[0]?.isGone);
  opened[0]?.say({ kind: 'log' });
  t.same(heard.at(-1), ['3', { kind: 'log' }]);
  opened[0]?.say(END);
  await third.gone;
  const fifth = await run('5');
  opened[0]?.say(END);
  await fifth.gone;
  t.ok(opened[0]?.isGone, 'after its last attempt it ends');
  opened[1]?.die(new Error('heap'));
  t.match(await beside.gone, { message: 'heap' });
  await run('6');
  t.equal(opened.length, 4);
});

t.test('a thread whose attempt was aborted, or that has died, is not used again', async (t) => {
  const { threads, opened } = pool();
  const kept = keptThreads(threads, { idleMs: 60_000 });
  const aborted = await kept.start(attempt('1'), () => {}, false);
  aborted.send({ kind: 'abort', error: { code: 'aborted', message: 'x', retryable: true } });
  opened[0]?.say(END);
  await aborted.gone;
  t.ok(opened[0]?.isGone);
  const second = await kept.start(attempt('2'), () => {}, false);
  opened[1]?.say(END);
  await second.gone;
  opened[1]?.die(new Error('late'));
  await turn();
  await kept.start(attempt('3'), () => {}, false);
  t.equal(opened.length, 3, 'it died while it waited');
});

t.test('an idle thread ends by itself', async (t) => {
  const { threads, opened } = pool();
  const kept = keptThreads(threads, { idleMs: 1 });
  const only = await kept.start(attempt('1'), () => {}, false);
  opened[0]?.say(END);
  await only.gone;
  while (!opened[0]?.isGone) await new Promise((resolve) => setTimeout(resolve, 2));
  t.pass();
});
