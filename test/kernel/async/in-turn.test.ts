import PQueue from 'p-queue';
import t from 'tap';
import { inTurn } from '../../../src/kernel/async/in-turn.js';
import { KeyedLock } from '../../../src/kernel/async/keyed-lock.js';
import { listeners, promised } from './listeners.js';

const stopped = (): Error => new Error('stopped while it waited');
const queues = {
  'a queue': () => {
    const queue = new PQueue({ concurrency: 1 });
    return <T>(work: () => Promise<T>): Promise<T> => queue.add(work);
  },
  'a lock': () => {
    const lock = new KeyedLock();
    return <T>(work: () => Promise<T>): Promise<T> => lock.run('key', work);
  },
};

for (const [name, open] of Object.entries(queues)) {
  t.test(`${name}: one after the other, each settles as its work does`, async (t) => {
    const enter = open();
    const { signal } = new AbortController();
    const first = promised<string>();
    const order: string[] = [];
    const one = inTurn(enter, signal, stopped, () => first.promise);
    const two = inTurn(enter, signal, stopped, async () => {
      order.push('second');
      throw new Error('failed');
    });
    await new Promise((resolve) => setImmediate(resolve));
    t.same(order, [], 'the second waits');
    first.resolve('done');
    t.equal(await one, 'done');
    await t.rejects(two, { message: 'failed' });
    t.same(order, ['second']);
    t.equal(listeners(signal), 0);
  });

  t.test(`${name}: an abort while it waits rejects at once, and its work never begins`, async (t) => {
    const enter = open();
    const first = promised<string>();
    const stop = new AbortController();
    const one = inTurn(enter, new AbortController().signal, stopped, () => first.promise);
    const two = inTurn(enter, stop.signal, stopped, async () => t.fail('must not begin'));
    stop.abort();
    await t.rejects(two, stopped());
    t.equal(listeners(stop.signal), 0);
    first.resolve('done');
    t.equal(await one, 'done');
    t.equal(await inTurn(enter, new AbortController().signal, stopped, async () => 'next'), 'next');
  });

  t.test(`${name}: work that has begun is waited for, whatever the signal says`, async (t) => {
    const enter = open();
    const work = promised<string>();
    const stop = new AbortController();
    let settled = false;
    const begun = promised<void>();
    const one = inTurn(enter, stop.signal, stopped, () => {
      begun.resolve();
      return work.promise;
    }).finally(() => (settled = true));
    await begun.promise;
    stop.abort();
    await new Promise((resolve) => setImmediate(resolve));
    t.equal(settled, false);
    work.resolve('done');
    t.equal(await one, 'done');
  });

  t.test(`${name}: one that was aborted before does not enter`, async (t) => {
    let entered = false;
    const enter = open();
    const counted = <T>(work: () => Promise<T>): Promise<T> => {
      entered = true;
      return enter(work);
    };
    await t.rejects(
      inTurn(counted, AbortSignal.abort(), stopped, async () => 'done'),
      stopped(),
    );
    t.equal(entered, false);
  });
}
