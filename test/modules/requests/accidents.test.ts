/** What the code of a module can do to the daemon that passes requests on to it: end its own request. */
import t, { type Test } from 'tap';
import Monitor from '../../fakes/monitor/module.js';
import { apiRequest, type Asked, type Desk, jsonIn, openDesk, registered } from './harness.js';

/** A second module, which must answer whatever happens to the first. */
const BESIDE = { type: 'plugin', name: 'beside' };

function beside(): Monitor {
  const module = new Monitor();
  return Object.assign(module, { info: { ...module.info, name: 'beside' } });
}

async function desk(
  t: Test,
  timeoutS = 20,
): Promise<Desk & { get: (path: string, asked?: Asked) => Promise<unknown> }> {
  const modules = [registered(new Monitor(), 'monitor'), registered(beside(), 'monitor')];
  const opened = await openDesk(t, modules, { timeoutS });
  return {
    ...opened,
    get: async (path, asked) => jsonIn(await opened.requests.api(apiRequest(path, asked))),
  };
}

const ENDS: Readonly<Record<string, RegExp>> = {
  exit: /ended with code 3/,
  'exit-well': /ended without a reply/,
  kill: /ended by SIGKILL/,
  numbers: /needed more than 64 MiB of heap/,
  buffers: /used more than 256 MiB of memory/,
  'late-throw': /ended with code 1: Error: thrown behind its back/,
  'large-message': /sent a message of more than 2097152 characters|unreadable message/,
  'false-reply': /status of its reply is not a number/,
};

for (const [name, detail] of Object.entries(ENDS))
  t.test(
    `${name}: the request ends with 503 and its reason, and the module answers the next one`,
    async (t) => {
      const { get, running } = await desk(t);
      const failed = t.rejects(get(`accident/${name}`), { code: 'module_unavailable', status: 503, detail });
      t.equal(await get('echo/fixed', { module: BESIDE }), 'fixed', 'others do not wait');
      await failed;
      t.equal(await get('echo/fixed'), 'fixed');
      t.same([...running], [], 'no code is recorded as running');
    },
  );

for (const name of ['loop', 'forever', 'regex', 'flood'])
  t.test(`${name}: the request ends with 504 at its time limit`, async (t) => {
    const { get, running, log } = await desk(t, 1);
    const failed = t.rejects(get(`accident/${name}`), { code: 'module_timeout', status: 504 });
    t.equal(await get('echo/fixed', { module: BESIDE }), 'fixed');
    await failed;
    const raw = log.filter((line) => line.includes('"msg":"raw"')).length;
    t.ok(raw < 5_000, `${raw} messages were read`);
    t.equal(await get('echo/fixed'), 'fixed', 'the process was replaced');
    t.same([...running], []);
  });

const FAILURES: Readonly<Record<string, { readonly code: string; readonly [field: string]: unknown }>> = {
  'large-reply': { code: 'module_failed', detail: /larger than 1048576 bytes/ },
  'not-a-reply': { code: 'module_failed', detail: /none of the keys json, view/ },
  bigint: { code: 'module_failed', detail: /BigInt/ },
  date: { code: 'module_failed', detail: /none of the keys/ },
  cycle: { code: 'module_failed', detail: /circular/ },
  throws: { code: 'module_failed', message: 'The module failed.', detail: /no luck/ },
  refuses: { code: 'remote_unreachable', message: 'The server does not respond.', detail: '10.0.0.7' },
};

for (const [name, error] of Object.entries(FAILURES))
  t.test(`${name}: the caller gets an error, and the process goes on`, async (t) => {
    const { get } = await desk(t);
    const before = await get('pid');
    await t.rejects(get(`accident/${name}`), error);
    t.equal(await get('pid'), before);
  });

t.test('prototypes: a poisoned process ends', async (t) => {
  const { get } = await desk(t);
  const before = await get('pid');
  await t.rejects(get('accident/prototypes'), {
    code: 'module_unavailable',
    detail: /unreadable message/,
  });
  t.not(await get('pid'), before);
});

t.test('a flood of log lines is counted where it began', async (t) => {
  const { get, moduleLog } = await desk(t);
  t.equal(await get('accident/lines'), 'logged');
  t.ok(moduleLog.length >= 50 && moduleLog.length < 2_000, `${moduleLog.length} of 10000`);
  const dropped = moduleLog
    .map((line) => Number(Reflect.get(line, 'dropped') ?? 0))
    .reduce((a, b) => a + b, 0);
  t.equal(moduleLog.filter((line) => Reflect.get(line, 'message') === 'spam').length + dropped, 10_000);
});

t.test('a handler has no calls that change containers', async (t) => {
  const { get } = await desk(t);
  t.equal(await get('accident/containers'), 'none');
});

t.test('after three failures in a row, no process is started for a while', async (t) => {
  const { get } = await desk(t);
  for (let n = 0; n < 3; n += 1)
    await t.rejects(get('accident/exit'), { code: 'module_unavailable', detail: /ended with code 3/ });
  await t.rejects(get('pid'), {
    code: 'module_unavailable',
    retryAfterS: Number,
    detail: /failed 3 times in a row/,
  });
  t.type(await get('pid', { module: BESIDE }), 'number');
});

t.test('requests of one module run one after the other, and too many are refused', async (t) => {
  const { get } = await desk(t);
  const answers = await Promise.allSettled(Array.from({ length: 40 }, () => get('count')));
  const counts = answers.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  t.same(
    counts,
    Array.from({ length: 32 }, (_, n) => n + 1),
  );
  for (const one of answers.filter(({ status }) => status === 'rejected'))
    t.match(one, { reason: { code: 'module_unavailable', retryAfterS: 5 } });
});

t.test('with few processes, an idle one gives way', async (t) => {
  const modules = [registered(new Monitor(), 'monitor'), registered(beside(), 'monitor')];
  const { requests } = await openDesk(t, modules, { processes: 1 });
  const pid = async (module?: typeof BESIDE) =>
    jsonIn(await requests.api(apiRequest('pid', module ? { module } : {})));
  const first = await pid();
  t.not(await pid(BESIDE), first);
  t.not(await pid(), first, 'the process was ended');
  const both = await Promise.all([pid(), pid(BESIDE), pid()]);
  t.equal(both[0], both[2]);
});
