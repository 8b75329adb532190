/** Accidents of somebody else's module, with the whole daemon around it. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { shippedModules } from '../../src/modules/loader.js';
import { fields } from '../http/harness.js';
import { surroundings, until } from './daemon-process.js';
import { type Fields, openHouse, order } from './harness.js';
import { completed, list, withAdmin } from './operator.js';

const dist = dirname(shippedModules());

async function withAccidents(_: Fields, stateDir: string): Promise<Fields> {
  return { modules: { paths: [await installed(stateDir)] } };
}

/** A folder with the module `accident`, which imports the compiled one. */
async function installed(stateDir: string): Promise<string> {
  const folder = join(stateDir, 'more', 'product', 'accident');
  await mkdir(folder, { recursive: true });
  const compiled = pathToFileURL(join(dist, 'test/fakes/accident/module.js')).href;
  await writeFile(join(folder, 'module.js'), `export { default } from ${JSON.stringify(compiled)};\n`);
  return join(stateDir, 'more');
}

t.test('the daemon answers and makes sites while modules have accidents', async (t) => {
  const house = await openHouse(t, { config: withAccidents });
  const accidents = ['numbers', 'map', 'buffers', 'kill', 'loop', 'lines', 'flood', 'rejected'];
  for (const behave of accidents)
    t.match(await house.post('/create-site', order(behave, { module: 'accident', properties: { behave } })), {
      status: 202,
    });
  await house.make('site');
  for (const behave of accidents) {
    const { status } = await house.get('/health');
    t.equal(status, 200);
    const shown = (await house.get(`/services/${behave}`)).body;
    t.match(list(shown['jobs']), [{ method: 'create' }]);
  }
  t.match(await house.untilStatus('lines', completed), { status: 'active' });
  t.ok(house.log.some((line) => /more than \d+ MiB of heap/.test(line)));
  t.equal(
    house.log.filter((line) => line.includes('a call of the module failed because of a bug in the agent'))
      .length,
    0,
  );
});

/** A module that says which version of it runs: forward it fails at the end, back it says so again. */
const versioned = (version: string, fails: boolean): string => `
export default class Versioned {
  info = { type: 'product', name: 'versioned', title: 'V', description: '', version: '${version}', author: 'x' };
  settings = { type: 'object', properties: {}, additionalProperties: false };
  parts = [];
  source() {}
  template() {}
  policy() { return {}; }
  flow(method) { return method === 'create' ? this.createJob() : {}; }
  createJob() {
    return {
      make: {
        run: ({ saveData }) => saveData({ forward: '${version}' }),
        undo: ({ saveData }) => saveData({ back: '${version}' }),
      },
      wait: {
        after: ['make'],
        run: async ({ service, sleep }) => {
          await sleep(${fails ? 600_000 : 1});
        },
      },
    };
  }
}`;

t.test('undo runs the code of the way there, though another version was installed meanwhile', async (t) => {
  const write = async (stateDir: string, code: string): Promise<string> => {
    const folder = join(stateDir, 'more', 'product', 'versioned');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'module.js'), code);
    return join(stateDir, 'more');
  };
  let stateDir = '';
  const house = await openHouse(t, {
    config: async (written, dir) => {
      stateDir = dir;
      const paths = [await write(dir, versioned('1.0.0', true))];
      return { ...(await withAdmin(written)), modules: { paths } };
    },
  });
  const made = fields((await house.post('/create-site', order('v1', { module: 'versioned' }))).body);
  await house.until('/services/v1', ({ jobs }) => list(jobs).some(({ step }) => step === 'wait'));
  await write(stateDir, versioned('2.0.0', false));
  await house.restart();
  t.match((await house.get('/modules/product/versioned')).body, { version: '1.0.0', update_available: true });
  // the job of the first version runs, so the update waits for it
  t.match(await house.post('/modules/product/versioned/update', {}), { status: 202 });
  t.match(await house.post('/create-site', order('v2', { module: 'versioned' })), { status: 202 });
  t.match(await house.post(`/jobs/${String(made['job_id'])}/cancel`, {}), { status: 200 });
  await house.untilStatus('v2', completed);
  await house.until(`/jobs/${String(made['job_id'])}`, ({ status }) => status === 'cancelled');
  const folder = join(stateDir, 'agent', 'services');
  const texts = await Promise.all(
    (await readdir(folder, { recursive: true }))
      .filter((name) => name.endsWith('.json'))
      .map((name) => readFile(join(folder, name), 'utf8')),
  );
  const data = texts.map((text) => fields(fields(JSON.parse(text))['data']));
  t.match(
    data.find(({ back }) => back !== undefined),
    { forward: '1.0.0', back: '1.0.0' },
  );
  t.ok(data.some(({ forward }) => forward === '2.0.0'));
  t.equal((await readdir(join(stateDir, 'agent/modules/product/versioned'))).length, 2);
  await house.restart();
  t.equal(
    (await readdir(join(stateDir, 'agent/modules/product/versioned'))).length,
    2,
    'an operator may activate the first again',
  );
});

/** Process ids. */
async function childrenOf(pid: number): Promise<number[]> {
  const tasks = await readdir(`/proc/${pid}/task`);
  const texts = await Promise.all(
    tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '')),
  );
  return texts.join(' ').split(' ').map(Number).filter(Boolean);
}

/** A process that ended and that nobody has waited for is dead, too. */
async function isAlive(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return /^State:\s+[^Z]/m.test(status);
}

t.test('code that was under way when the daemon died twice does not run a third time', async (t) => {
  const more = await mkdtemp(join(tmpdir(), 'innkeeper-modules-'));
  t.teardown(() => rm(more, { recursive: true, force: true }));
  const { stateDir, serve } = await surroundings(t, { modules: { paths: [await installed(more)] } });
  let served = await serve();
  const own = order('a', { module: 'accident', properties: { behave: 'loop' } });
  t.match(await served.call('POST', '/create-site', own), { status: 202 });
  const running = (): Promise<unknown> =>
    until(
      async () => readFile(join(stateDir, 'agent', 'module-strikes.json'), 'utf8').catch(() => '{}'),
      (strikes) => list(fields(JSON.parse(strikes))['running'] ?? []).length > 0,
    );
  for (let life = 0; life < 2; life += 1) {
    await running();
    const children = await until(
      () => childrenOf(served.child.pid ?? 0),
      (pids) => pids.length > 0,
    );
    served.child.kill('SIGKILL');
    await served.gone;
    await until(
      async () => Promise.all(children.map(isAlive)),
      (alive) => !alive.includes(true),
    );
    served = await serve();
  }
  const { jobs } = await until(
    async () => fields((await served.call('GET', '/services/a')).body),
    ({ jobs: all }) => list(all).some(({ status }) => status === 'stuck'),
  );
  t.match(list(jobs)[0], { status: 'stuck', error: { code: 'module_failed' } });
  t.match(await served.call('GET', '/health'), { status: 200 });
  t.match(await served.call('POST', '/create-site', order('site')), { status: 202 });
});
