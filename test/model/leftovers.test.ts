import t from 'tap';
import { customerWords, isLeft, leftoversOf } from '../../src/model/leftovers.js';
import type { StepStatus, Thing } from '../../src/model/flow.js';
import type { Changes } from '../fakes/parts.js';
import { aService, aStep } from '../fakes/samples.js';

t.test('forward what is not done is left, backward what was begun and is not taken back', async (t) => {
  for (const [status, begun, forward, undo] of [
    ['pending', 0, true, false],
    ['running', 1, true, true],
    ['done', 1, false, true],
    ['failed', 1, true, true],
    ['undoing', 1, true, true],
    ['undone', 1, true, false],
    ['undo_failed', 2, true, true],
    ['skipped', 1, false, false],
  ] satisfies [StepStatus, number, boolean, boolean][]) {
    const step = aStep('x', { status, begun });
    t.equal(isLeft(step, 'forward'), forward, `forward: ${status}`);
    t.equal(isLeft(step, 'undo'), undo, `undo: ${status}`);
    t.equal(isLeft({ ...step, undoable: false }, 'undo'), false, 'a step without a way back leaves nothing');
  }
});

t.test('operators read what is left by its name and number', async (t) => {
  const left = (concerns: Thing | undefined, also: Changes = {}, args = {}) => {
    const step = concerns === undefined ? aStep('tidy') : aStep('tidy', { concerns });
    return leftoversOf(aService(also), { steps: [step], direction: 'forward', args });
  };
  const none = { guest: null, site: null };
  for (const [thing, also, args, what] of [
    ['container', { node: 'pve1' }, {}, 'container 1000 on pve1'],
    ['container', none, {}, 'container (no number) on (no node)'],
    ['ha', {}, {}, 'HA resource of container 1000'],
    ['snapshot', {}, { name: 'BAK1' }, 'snapshot BAK1 of container 1000'],
    ['snapshot', none, { name: 5 }, 'snapshot (unnamed) of container (no number)'],
    ['dns', {}, {}, 'DNS record anna.sandbox.test'],
    ['dns', none, {}, 'DNS record (no name)'],
    ['proxy', {}, {}, 'proxy host anna.sandbox.test'],
    ['proxy', none, {}, 'proxy host (no name)'],
  ] as const)
    t.same(left(thing, also, args), [{ step: 'tidy', thing, what }]);
  t.same(left(undefined), [{ step: 'tidy', thing: null, what: 'the result of the step tidy' }]);
});

t.test('customers read neither names nor numbers, and each thing once', async (t) => {
  const things = ['container', 'ha', 'snapshot', 'dns', 'proxy', null, 'dns'] as const;
  const words = customerWords(things.map((thing) => ({ step: 's', thing, what: 'container 1000' })));
  t.equal(words.length, 6);
  t.equal(new Set(words).size, 6);
  t.notMatch(words.join(), /1000/);
  for (const word of ['the container', 'a backup', 'the DNS record', 'the site itself'])
    t.ok(words.includes(word), word);
});
