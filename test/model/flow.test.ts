import t from 'tap';
import { longestPathMs, shapeOf, startable, type StepStatus } from '../../src/model/flow.js';

const run = async (): Promise<void> => {};

t.test('a flow that waits for itself is refused by name', async (t) => {
  t.throws(() => shapeOf({ a: { after: ['b'], run }, b: { after: ['a'], run } }), /a -> b -> a/);
  t.throws(() => shapeOf({ a: { after: ['nobody'], run } }), /"nobody", which does not exist/);
});

t.test('only steps whose predecessors are done may start', async (t) => {
  const shapes = shapeOf({ a: { run }, b: { after: ['a'], run }, c: { run }, d: { after: ['b', 'c'], run } });
  const status = new Map<string, StepStatus>([['c', 'done']]);
  const of = (name: string): StepStatus => status.get(name) ?? 'pending';
  t.same(startable(shapes, of), ['a']);
  status.set('a', 'done');
  t.same(startable(shapes, of), ['b']);
  status.set('b', 'failed');
  t.same(startable(shapes, of), [], 'a failed step blocks what comes after it');
});

t.test('the longest path is the slowest chain, not the sum', async (t) => {
  const shapes = shapeOf({ a: { run }, b: { after: ['a'], run }, c: { run } });
  const took: Record<string, number> = { a: 100, b: 50, c: 120 };
  t.equal(
    longestPathMs(shapes, (name) => took[name] ?? 0),
    150,
  );
});

t.test('the journal keeps what a step declares, in the order of the table', async (t) => {
  const undo = run;
  t.same(shapeOf({ b: { run, undo, concerns: 'dns' }, a: { after: ['b'], run, pivot: true } }), [
    { name: 'b', after: [], undoable: true, pivot: false, concerns: 'dns' },
    { name: 'a', after: ['b'], undoable: false, pivot: true },
  ]);
  const diamond = {
    a: { run },
    b: { after: ['a'], run },
    c: { after: ['a'], run },
    d: { after: ['b', 'c'], run },
  };
  t.equal(shapeOf(diamond).length, 4, 'two ways to one step are no circle');
});

t.test('an empty flow takes no time, and a step counts with the slowest before it', async (t) => {
  t.equal(
    longestPathMs([], () => 5),
    0,
  );
  const shapes = shapeOf({ a: { run }, b: { run }, c: { after: ['a', 'b'], run } });
  const took: Record<string, number> = { a: 100, b: 300, c: 10 };
  t.equal(
    longestPathMs(shapes, (name) => took[name] ?? 0),
    310,
  );
});
