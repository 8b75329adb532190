/** Each call that module code can make, with anything as its arguments: refused as the module's mistake, or done. */
import fc from 'fast-check';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { systemClock } from '../../../src/kernel/clock.js';
import { AgentError } from '../../../src/kernel/errors.js';
import { answering } from '../../../src/jobs/engine/answering.js';
import { journal } from '../../../src/jobs/engine/journal.js';
import { leases } from '../../../src/jobs/engine/leases.js';
import { limits } from '../../../src/jobs/engine/limits.js';
import { readMessage } from '../../../src/jobs/engine/message.js';
import type { Call } from '../../../src/jobs/engine/protocol.js';
import { shell } from '../../../src/jobs/engine/shell.js';
import { serviceSubject } from '../../../src/jobs/effects/service-subject.js';
import { HOST_CALLS } from '../../../src/modules/kit/host-calls.js';
import { withJob } from '../../../src/services/outcomes.js';
import { openState } from '../../../src/state/open.js';
import { fakeDrivers, fakeWatch } from '../../fakes/drivers.js';
import { aJob, aService, aStep } from '../../fakes/samples.js';
import { config, KEY } from './harness.js';
import { testFolder } from '../../test-folder.js';

const NAMES = [
  ...Object.entries(HOST_CALLS).flatMap(([group, calls]) =>
    Object.keys(calls).map((name) => `${group}.${name}`),
  ),
  ...['flow.declare', 'step.begin', 'step.note', 'step.end'],
];

interface Answerer {
  readonly answer: (call: Call) => Promise<unknown>;
  readonly drivers: ReturnType<typeof fakeDrivers>;
  readonly document: () => Promise<string>;
}

/** What answers the calls of one attempt, without a thread in front of it. */
async function answerer(t: Test): Promise<Answerer> {
  const drivers = fakeDrivers();
  const state = await openState({ dir: testFolder(t), key: Buffer.alloc(32, 7), clock: systemClock });
  t.teardown(() => state.close());
  const job = aJob({ status: 'running', steps: [aStep('one', { status: 'running', begun: 1 })] });
  await state.services.commit(KEY, () => aService({ vmid: 1000, node: 'pve1', jobs: [job] }));
  const kind = serviceSubject({
    ...{ config, drivers, watch: fakeWatch(), withJob, clock: systemClock },
    services: state.services,
    reservations: state.reservations,
    archive: state.archive,
  });
  const limit = limits(systemClock, 600);
  t.teardown(() => limit.cancel());
  const calls = answering({
    ...{ kind, job, limit, leases: leases(), stepEnded: undefined, stepFailed: () => {} },
    log: pino({ enabled: false }),
    journal: journal(kind, KEY, job.id, systemClock),
    signal: new AbortController().signal,
    drain: new AbortController().signal,
  });
  return {
    answer: (call) => calls.answer(call),
    drivers,
    document: async () => JSON.stringify(await state.services.get(KEY)),
  };
}

function cycle(): unknown {
  const value: Record<string, unknown> = {};
  value['self'] = value;
  return value;
}

const BAD: Readonly<Record<string, unknown>> = {
  bigint: 1n,
  cycle: cycle(),
  function: () => 1,
  symbol: Symbol('x'),
  large: 'x'.repeat(20_000_000),
  proto: JSON.parse('{"__proto__":{"polluted":true}}'),
  deep: JSON.parse(`${'['.repeat(2_000)}${']'.repeat(2_000)}`),
  map: new Map([[1, 2]]),
  date: new Date(0),
  infinite: Number.POSITIVE_INFINITY,
  array: new Array(1_000_000),
};

/** The call as module code would make it, with the value at one place or another. */
function callsWith(name: string, value: unknown): Call[] {
  const places = [value, { value }, [value], { name: 'a', body: 'b', values: { value } }];
  const all =
    NAMES.indexOf(name) >= NAMES.length - 4
      ? [
          value,
          ...['values', 'result', 'shapes', 'step', 'error'].map((key) => ({
            step: 'one',
            direction: 'forward',
            [key]: value,
          })),
        ].map((args) => ({ name, args }))
      : places.map((place) => ({ name, step: 'one', args: [place] }));
  return all as unknown as Call[];
}

t.test('what no call can have is refused before anything is done', async (t) => {
  const { answer, drivers, document } = await answerer(t);
  const before = await document();
  for (const name of NAMES)
    for (const [what, value] of Object.entries(BAD))
      for (const call of callsWith(name, value)) {
        const refusal: unknown = await answer(call).then(
          () => 'answered',
          (error: unknown) => error,
        );
        const isRefused = refusal instanceof AgentError && refusal.code === 'module_failed';
        if (!isRefused || refusal.retryable) t.fail(`${name} with ${what}: ${String(refusal)}`);
      }
  t.same(drivers.calls, [], 'no driver was called');
  t.equal(await document(), before, 'and nothing was recorded');
  t.equal(Reflect.get({}, 'polluted'), undefined);
});

t.test('anything at all as a call is refused as a mistake of the module, or done', async (t) => {
  const { answer } = await answerer(t);
  const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true });
  const call = fc.oneof(
    fc.record({
      name: fc.constantFrom(...NAMES),
      step: fc.constantFrom('one', 'two'),
      args: fc.array(anything, { maxLength: 3 }),
    }),
    fc.record({
      name: fc.constantFrom(...NAMES),
      args: fc.dictionary(
        fc.constantFrom('step', 'values', 'shapes', 'direction', 'error', 'result'),
        anything,
      ),
    }),
    anything,
  );
  await fc.assert(
    fc.asyncProperty(call, async (raw) => {
      const message = readMessage({ kind: 'call', id: 1, call: raw });
      if (message?.kind !== 'call') return;
      await answer(message.call).catch((error: unknown) => {
        if (!(error instanceof AgentError) || error.code === 'internal_error') throw error;
      });
    }),
    { numRuns: 500 },
  );
});

t.test('a message of any form is read, or is none', (t) => {
  fc.assert(
    fc.property(
      fc.anything({ withBigInt: true }),
      fc.constantFrom('log', 'call', 'end', 'loaded', 'x'),
      (value, kind) => {
        for (const raw of [value, { kind, id: value, call: value, level: value, outcome: value }])
          readMessage(raw);
      },
    ),
    { numRuns: 500 },
  );
  const log = { kind: 'log', level: 'info', step: 'one', message: 'x', fields: {} };
  t.same(readMessage(log), log);
  t.equal(readMessage({ ...log, level: 'silent' }), undefined, 'not any method of the logger');
  t.match(readMessage({ ...log, message: 'x'.repeat(10_000), fields: { n: 1n } }), {
    message: /^x+ \.\.\.$/,
    fields: { fields_left_out: /n is a BigInt/ },
  });
  const error = { code: 'no_such_code', message: 'x', retryable: false };
  t.match(readMessage({ kind: 'end', outcome: { kind: 'failed', step: 'one', error } }), {
    outcome: { error: { code: 'module_failed' } },
  });
  t.equal(readMessage({ kind: 'end', outcome: { kind: 'won', step: '', error } }), undefined);
  t.end();
});

t.test('the shell refuses the same before it is sent', async (t) => {
  let sent = 0;
  const { ask, journal: record } = shell(() => (sent += 1));
  for (const [what, value] of Object.entries(BAD)) {
    await t.rejects(ask('one', 'data.save', [{ value }]), { code: 'module_failed', retryable: false }, what);
    const values: object = { value };
    await t.rejects(
      record('step.note', { step: 'one', values: values as never }),
      { code: 'module_failed' },
      what,
    );
  }
  t.equal(sent, 0);
});
