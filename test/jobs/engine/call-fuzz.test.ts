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
import { MODULE_CALL_ARGUMENTS } from '../../../src/modules/calls/arguments.js';
import { HOST_CALLS } from '../../../src/modules/kit/host-calls.js';
import { withJob } from '../../../src/services/outcomes.js';
import { openState } from '../../../src/state/open.js';
import { noCollections } from '../../fakes/collections.js';
import { fakeDrivers, fakeWatch } from '../../fakes/drivers.js';
import { fakeModuleCalls } from '../../fakes/module-calls.js';
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
  /** What modules raised or counted. */
  readonly raised: () => unknown[];
  readonly document: () => Promise<string>;
}

/** What answers the calls of one attempt, without a thread in front of it. */
async function answerer(t: Test): Promise<Answerer> {
  const drivers = fakeDrivers();
  const dir = testFolder(t);
  const state = await openState({ dir, key: Buffer.alloc(32, 7), clock: systemClock });
  t.teardown(() => state.close());
  const opened = fakeModuleCalls({ stateDir: dir, services: state.services });
  t.teardown(() => opened.close());
  const job = aJob({ status: 'running', steps: [aStep('one', { status: 'running', begun: 1 })] });
  await state.services.commit(KEY, () => aService({ vmid: 1000, node: 'pve1', jobs: [job] }));
  const kind = serviceSubject({
    ...{ config, drivers, watch: fakeWatch(), withJob, clock: systemClock, moduleCalls: opened.call },
    services: state.services,
    reservations: state.reservations,
    servers: state.servers,
    collections: noCollections,
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
    raised: () => [...opened.alerts.keys(), ...opened.ran],
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
  const { answer, drivers, document, raised } = await answerer(t);
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
  t.same(raised(), []);
  t.equal(Reflect.get({}, 'polluted'), undefined);
});

/** One call of each name that is right, except that it may fail. */
const RIGHT: Readonly<Partial<Record<string, readonly unknown[]>>> = {
  'secrets.ensure': ['a', 24],
  'secrets.put': ['a', 'value'],
  'secrets.password': [{ name: 'a', length: 24 }],
  'cache.get': ['a'],
  'cache.put': ['a', 1, { ttlS: 1, tags: ['b'] }],
  'cache.forget': ['a'],
  'cache.flush': [['a']],
  'http.request': [{ url: 'http://127.0.0.1:1/', retries: 0, headers: { a: 'b' } }],
  'crypto.digest': [{ algorithm: 'sha256', parts: ['a'] }],
  'crypto.hmac': [{ algorithm: 'sha256', key: 'k', parts: ['a'] }],
  'crypto.verify': [{ algorithm: 'sha256', key: 'k', parts: ['a'], signature: 'b' }],
  'crypto.basic': [{ header: 'a', user: 'b', password: 'c' }],
  'crypto.signJwt': [{ algorithm: 'HS256', key: 'k', claims: {}, expiresInS: 60 }],
  'crypto.verifyJwt': [{ algorithm: 'HS256', key: 'k', token: 'a.b.c' }],
  'mail.send': [
    {
      ...{ server: { host: '127.0.0.1', port: 1, security: 'none' }, from: 'a@example.com' },
      ...{ to: ['b@example.com'], subject: 'c', text: 'd' },
    },
  ],
  'probe.ping': [{ host: '127.0.0.1', publicOnly: true }],
  'probe.tcp': [{ host: '127.0.0.1', port: 1 }],
  'probe.tls': [{ host: '127.0.0.1', port: 1 }],
  'probe.dns': [{ name: 'a', type: 'A' }],
  'alerts.raise': ['a', { text: 'b', data: {} }],
  'alerts.clear': ['a'],
  'services.get': ['a', 'b'],
  'services.page': [{ limit: 1 }],
  'tasks.add': ['sync', { input: { a: 1 }, key: 'b', tags: ['c'], delay: 1 }],
  'events.emit': ['sold', { a: 1 }],
  'metrics.observe': ['a', 1, false],
};

/** Places where a module may put any object. */
const FREE: readonly (readonly [name: string, at: number, key: string])[] = [
  ['alerts.raise', 1, 'data'],
  ['crypto.signJwt', 0, 'claims'],
  ['tasks.add', 1, 'input'],
];

/** Copies of the arguments, each with the wrong value in one place; or with one argument too many or too few. */
function* spoiled(args: readonly unknown[], wrong: unknown): Generator<unknown[]> {
  yield [...args, wrong];
  for (const [index, arg] of args.entries()) {
    yield args.map((other, at) => (at === index ? wrong : other));
    if (typeof arg !== 'object' || arg === null || Array.isArray(arg)) continue;
    for (const key of Object.keys(arg))
      yield args.map((other, at) => (at === index ? { ...arg, [key]: wrong } : other));
    yield args.map((other, at) => (at === index ? { ...arg, unknown_key: wrong } : other));
  }
}

t.test('a call that is right but for one value is refused as a mistake of the module', async (t) => {
  const { answer, raised } = await answerer(t);
  t.same(
    Object.keys(RIGHT).sort(),
    Object.keys(MODULE_CALL_ARGUMENTS).sort(),
    'every call of modules is here',
  );
  // values that JSON can hold, but which are wrong in every place
  const wrong = [{ a: { b: { c: 1 } } }, [[[1]]], 'x'.repeat(600_000), -1e300, { secret: { secret: 'a' } }];
  for (const [name, args = []] of Object.entries(RIGHT))
    for (const value of [...wrong, ...Object.values(BAD)])
      for (const bad of spoiled(args, value)) {
        // any value may be cached, and the data of an alert is free
        if (name === 'cache.put' && bad.length === 3 && bad[0] === 'a' && bad[2] === args[2]) continue;
        if (FREE.some(([call, at, key]) => call === name && Reflect.get(Object(bad[at]), key) === value))
          continue;
        // so is the data of an event
        if (
          name === 'events.emit' &&
          bad.length === 2 &&
          bad[0] === 'sold' &&
          (wrong as unknown[]).includes(value)
        )
          continue;
        const call: unknown = { name, step: 'one', args: bad };
        const refusal: unknown = await answer(call as Call).then(
          () => 'answered',
          (error: unknown) => error,
        );
        const isRefused = refusal instanceof AgentError && refusal.code === 'module_failed';
        if (!isRefused || refusal.retryable)
          t.fail(
            `${name} with ${typeof value} in ${bad.map((arg) => typeof arg).join()}: ${String(refusal)}`,
          );
      }
  t.same(raised(), []);
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
