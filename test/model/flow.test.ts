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
