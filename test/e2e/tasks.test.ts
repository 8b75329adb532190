/** Tasks of another author's module, with the whole daemon around them. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import t from 'tap';
import { fields } from '../http/harness.js';
import { type Fields, type House, openHouse, order } from './harness.js';
import { alertsOf, completed, innkeeper, list, withAdmin } from './operator.js';

const text = `{ type: 'string' }`;
/** Each order adds tasks; each task notes what it saw in a collection, by its input. */
const product = (add: string, tasks: string): string => `
export default class Shop {
  info = { type: 'product', name: 'shop', title: 'Shop', description: '', version: '1.0.0', author: 'x' };
  settings = { type: 'object' };
  parts = [];
  reads = ['services'];
  concurrency = 2;
  collections = {
    seen: { schema: { type: 'object', properties: { what: ${text} }, additionalProperties: false } },
  };
  tasks = { ${tasks} };
  policy() { return { tries: 1 }; }
  flow(method) { return method === 'create' ? this.createJob() : {}; }
  createJob() { return { make: { run: async (ctx) => { ${add} } } }; }
}`;

async function site(t: Parameters<typeof openHouse>[0], code: string): Promise<House> {
  return openHouse(t, {
    config: async (written, stateDir) => {
      const folder = join(stateDir, 'more', 'product', 'shop');
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, 'package.json'), '{"type":"module"}');
      await writeFile(join(folder, 'module.js'), code);
      return {
        ...(await withAdmin(written)),
        modules: { paths: [join(stateDir, 'more')] },
      } satisfies Fields;
    },
  });
}

/** The data of a service, as it lies on the disk. */
async function dataOf({ configFile }: House, id: string): Promise<Fields> {
  const folder = join(dirname(configFile), 'agent', 'services');
  const names = await readdir(folder, { recursive: true });
  const files = names.filter((name) => name.endsWith('.json'));
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
  const services = texts.map((one) => fields(JSON.parse(one)));
  return fields(services.find((service) => service['id'] === id)?.['data']);
}

const buy = async (house: House, id: string): Promise<void> => {
  t.match(await house.post('/create-site', order(id, { module: 'shop' })), { status: 202 });
  await house.untilStatus(id, completed);
};
const tasksOf = async (house: House, query = ''): Promise<Fields[]> =>
  list((await house.get(`/tasks${query}`)).body['tasks']);
const untilAll = (house: House, status: string, count: number): Promise<Fields> =>
  house.until(
    '/tasks?limit=1000',
    ({ tasks }) => list(tasks).filter((one) => one['status'] === status).length === count,
  );

t.test(
  'a job adds tasks, which share processes and see the service, their input and their notes',
  async (t) => {
    const house = await site(
      t,
      product(
        `if (ctx.service.id === 'b') {
         const all = [];
         for await (const { key, data } of ctx.collections.each('seen')) all.push({ key, ...JSON.parse(data.what) });
         await ctx.saveData({ all });
         return;
       }
       for (let n = 0; n < 12; n += 1) await ctx.tasks.add('see', { input: { n }, tags: ['some'] });
       await ctx.tasks.add('see', { input: { n: 'none' }, service: null });
       const wrong = await ctx.tasks.add('nothing').catch((error) => error.detail);
       const foreign = await ctx.tasks.add('see', { service: { panel: 'default', id: 'zz' } }).catch((error) => error.code);
       await ctx.saveData({ wrong, foreign });`,
        `see: {
        tries: 5,
        backoff: 0,
        maxExceptions: 5,
        run: async (ctx) => {
          const { service, input, task, notes } = ctx;
          if (input.n === 3 && notes.tried === undefined) {
            await ctx.note({ tried: 1 });
            throw new Error('once');
          }
          const refused = await (ctx.container ? 'there' : 'absent');
          if (service && input.n === 4) {
            const ref = await ctx.secrets.put('token', 'canary-of-a-task');
            await ctx.saveData({ token: ref.secret });
          }
          await ctx.collections.create('seen', { key: 'n' + input.n, data: { what: JSON.stringify({
            pid: process.pid, id: service?.id ?? null, method: task.method, attempt: task.attempt, notes, refused,
            tags: task.tags,
          }) } });
        },
      }`,
      ),
    );
    await buy(house, 'a');
    await untilAll(house, 'completed', 13);
    const shown = await tasksOf(house, '?module=product/shop&tag=service:a');
    t.equal(shown.length, 12, 'the task of the module itself is not one of the service');
    t.match(shown[0], {
      ...{ module: 'product/shop', method: 'see', service_id: 'a', panel: 'default', tries: 5, error: null },
      tags: ['see', 'service:a', 'some'],
    });
    t.notMatch(shown[0], { input: {} });
    t.match(await dataOf(house, 'a'), {
      ...{ wrong: /declares no task nothing/, foreign: 'module_failed', token: 'token' },
    });
    await buy(house, 'b');
    const seen = list((await dataOf(house, 'b'))['all']);
    const of = (n: unknown): Fields => fields(seen.find(({ key }) => key === `n${String(n)}`));
    t.match(of(1), { id: 'a', method: 'see', attempt: 1, notes: {}, refused: 'absent' });
    t.match(of(3), { attempt: 2, notes: { tried: 1 } }, 'a note is there at the next try');
    t.match(of('none'), { id: null, tags: ['see', 'some'].slice(0, 1) });
    t.equal(seen.length, 13);
    t.ok(new Set(seen.map(({ pid }) => pid)).size <= 4, 'many tasks share a process');
    for (const line of house.log) t.notMatch(line, /canary-of-a-task/);
  },
);

t.test('failed tasks raise an alert until they are retried or removed', async (t) => {
  const house = await site(
    t,
    product(
      `await ctx.tasks.add('fail', { input: 1 }); await ctx.tasks.add('fail', { input: 2 });`,
      `fail: { tries: 1, run: (ctx) => { throw new Error('no luck with ' + ctx.input); } }`,
    ),
  );
  await buy(house, 'a');
  await untilAll(house, 'failed', 2);
  const [first] = await tasksOf(house, '?status=failed');
  t.match(first, { attempts: 1, error: { code: 'module_failed', detail: /no luck with 1/ } });
  const about = await house.until('/alerts', ({ alerts }) =>
    /2 tasks of the module/.test(JSON.stringify(alerts)),
  );
  t.match(JSON.stringify(about), /2 tasks of the module product\/shop failed\. .*no luck with/);
  t.match(await house.post(`/tasks/${String(first?.['id'])}/retry`, {}), { status: 200 });
  await house.until(`/tasks/${String(first?.['id'])}`, ({ status }) => status === 'failed');
  t.match(await house.post('/tasks/retry', { module: 'product/shop' }), { body: { retried: 2 } });
  await untilAll(house, 'failed', 2);
  const shown = await innkeeper(house, 'task', 'list', '--status', 'failed', '--module', 'product/shop');
  t.match(shown.out, /product\/shop +fail +failed +a +1\/1 .*no luck with 2/);
  t.match(await innkeeper(house, 'task', 'retry'), { code: 1, err: /Give the ID of a task, or --failed/ });
  const one = await innkeeper(house, 'task', 'show', String(first?.['id']));
  t.match(one.out, /detail +.*no luck with 1/);
  t.match(await innkeeper(house, 'task', 'retry', '--failed', '--tag', 'x'), { code: 0, out: /^0 tasks/ });
  t.match(await house.call('DELETE', '/tasks'), { status: 400 }, 'a removal names the status');
  t.match(await house.call('DELETE', '/tasks?status=completed'), { status: 400 });
  t.match(await innkeeper(house, 'task', 'flush'), { code: 0, out: /^2 failed tasks were removed/ });
  t.match(await house.call('DELETE', '/tasks?status=failed'), { body: { removed: 0 } });
  await alertsOf(house, 'task_failed', 0);
  t.match(await house.get('/tasks/01890000-0000-7000-8000-000000000000'), {
    status: 404,
    body: { code: 'task_not_found' },
  });
});

t.test('a task that hangs or fills its heap ends alone, and the daemon goes on', async (t) => {
  const house = await site(
    t,
    product(
      `await ctx.tasks.add('hang', { timeout: 1 }); await ctx.tasks.add('fill'); await ctx.tasks.add('fine', { delay: 1 });`,
      `hang: { tries: 1, run: () => { for (;;); } },
       fill: { tries: 1, run: () => { const all = []; for (;;) all.push(new Array(1e5).fill(1.5)); } },
       fine: () => undefined`,
    ),
  );
  await buy(house, 'a');
  await house.until('/tasks?tag=hang', ({ tasks }) => list(tasks)[0]?.['status'] === 'failed');
  await house.until('/tasks?tag=fine', ({ tasks }) => list(tasks)[0]?.['status'] === 'completed');
  t.match((await tasksOf(house, '?tag=hang'))[0], { error: { code: 'job_timeout' } });
  t.ok(house.log.some((line) => /more than \d+ MiB of heap/.test(line)));
  t.match(await house.get('/health'), { status: 200 });
});

t.test('a step and a task wait for a condition, also across a restart', async (t) => {
  const house = await site(
    t,
    product(
      `const { id } = ctx.service;
       if (id !== 'a') {
         await ctx.collections.create('seen', { key: id, data: {} });
         return;
       }
       await ctx.waitUntil(() => ctx.collections.get('seen', 'ready'), { every: 1 });
       await ctx.tasks.add('answer');`,
      `answer: async (ctx) => {
         await ctx.note({ begun: (ctx.notes.begun ?? 0) + 1 });
         const { key } = await ctx.waitUntil(() => ctx.collections.get('seen', 'second'), { every: 1 });
         await ctx.saveData({ key, begun: ctx.notes.begun });
       }`,
    ),
  );
  t.match(await house.post('/create-site', order('a', { module: 'shop' })), { status: 202 });
  const waits = ({ jobs }: Fields): boolean => list(jobs).some(({ status }) => status === 'waiting');
  await house.until('/services/a', waits);
  await house.restart();
  await house.until('/services/a', waits);
  await buy(house, 'ready');
  await house.untilStatus('a', completed);
  const task = await house.until('/tasks', ({ tasks }) => list(tasks)[0]?.['status'] === 'waiting');
  t.match(list(task['tasks'])[0], {
    attempts: 0,
    waiting: { for: 'condition of the step run' },
    error: null,
  });
  await house.restart();
  await buy(house, 'second');
  await untilAll(house, 'completed', 1);
  const data = await dataOf(house, 'a');
  t.equal(data['key'], 'second');
  t.ok(Number(data['begun']) >= 1);
});

t.test('handlers of events and of own events run as tasks, and schedules are shown', async (t) => {
  const house = await site(
    t,
    product(``, ``).replace(
      'policy() {',
      `on = {
        'service.active': async ({ event, service, events, saveData, task }) => {
          await saveData({ seen: event.id, method: task.method });
          await events.emit('welcomed', { id: service.id });
        },
        'module:product/shop:welcomed': { tries: 2, run: async ({ event, service, saveData }) => {
          await saveData({ own: event.data.id, of: service.id });
        } },
      };
      schedules = { nightly: { cron: '30 2 * * *', timeZone: 'Europe/Berlin', run: () => undefined } };
      policy() {`,
    ),
  );
  await buy(house, 'a');
  await untilAll(house, 'completed', 2);
  t.match(await dataOf(house, 'a'), {
    method: 'on:service.active',
    own: 'a',
    of: 'a',
    seen: /^[0-9a-f-]{36}$/,
  });
  const [first] = await tasksOf(house, '?tag=on:service.active');
  t.equal(first?.['event_id'], (await dataOf(house, 'a'))['seen']);
  const module = await house.until(
    '/modules/product/shop',
    ({ schedules }) => list(schedules)[0]?.['next_run'] !== null,
  );
  t.match(module['schedules'], [{ name: 'nightly', times: '30 2 * * * Europe/Berlin', last_run: null }]);
});
