import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { accident, ACCIDENTS, sound } from '../fakes/accidents.js';
import { fields } from '../http/harness.js';
import { surroundings } from './daemon-process.js';
import { type Fields, openHouse, order } from './harness.js';
import { alertsOf, completed, innkeeper, list, withAdmin } from './operator.js';

/** Leaves a mark outside of its folder whenever its code runs. */
const RAN = 'ran.txt';
const marks = (text: string): string =>
  `import { appendFileSync as mark } from 'node:fs';
mark(new URL('../../${RAN}', import.meta.url), 'x');
${text}`;

async function onDisk(written: Fields, stateDir: string): Promise<Fields> {
  const folder = join(stateDir, 'more');
  const put = async (name: string, text: string): Promise<void> => {
    await mkdir(join(folder, 'product', name), { recursive: true });
    await writeFile(join(folder, 'product', name, 'module.js'), text);
    await writeFile(join(folder, 'product', name, 'package.json'), '{"type":"module"}');
  };
  for (const name of Object.keys(ACCIDENTS)) await put(name, accident(name));
  await put('marks', marks(sound('marks')));
  await put('marks-and-hangs', marks('for (;;);'));
  await put('picky', sound('picky', "settings = { type: 'object', required: ['key'] };"));
  return {
    ...(await withAdmin(written)),
    modules: { paths: [folder, join(stateDir, 'nowhere')], read_timeout_s: 5 },
    products: {
      ...fields(written['products']),
      throws: { size: 1 },
      picky: {},
      'not-there': {},
    },
  };
}

const USABLE = Object.keys(ACCIDENTS).filter((name) => ACCIDENTS[name]?.reason === null);
const BROKEN = Object.keys(ACCIDENTS).filter((name) => !USABLE.includes(name));

t.test('a daemon starts and serves with every accident of a module on its disk', async (t) => {
  const house = await openHouse(t, { config: onDisk });
  const ran = async (): Promise<number> =>
    (await readFile(join(house.configFile, '..', 'more', RAN), 'utf8')).length;
  t.match(await house.get('/health'), { status: 200 });
  const modules = async (): Promise<Map<unknown, Fields>> =>
    new Map(list((await house.get('/modules')).body['modules']).map((one) => [one['name'], one]));
  const found = await modules();
  for (const name of BROKEN)
    t.match(found.get(name), { state: 'error', reason: ACCIDENTS[name]?.reason, version: null }, name);
  for (const name of ['wordpress', 'marks', ...USABLE])
    t.match(found.get(name), { state: 'active', reason: null }, name);
  t.match(found.get('picky'), { state: 'error', reason: /products\.picky.*key/ });
  t.match(found.get('not-there'), { state: 'missing', reason: /products\.not-there has settings/ });
  t.equal(await ran(), 2, 'each was read once');

  await house.make('w1', {});
  t.match(await house.post('/create-site', order('t1', { module: 'throws' })), {
    status: 400,
    body: { code: 'unknown_module', error: 'The product cannot be used at the moment.' },
  });
  t.ok(house.log.some((line) => /"module":"product\/throws"/.test(line) && /no luck/.test(line)));
  const alerts = await alertsOf(house, 'module_unusable', BROKEN.length + 3);
  t.ok(alerts.some(({ text }) => /product\/throws .*no luck/.test(String(text))));
  const metrics = await house.text('/metrics');
  t.match(metrics, `innkeeper_modules{state="error"} ${BROKEN.length + 2}\n`);
  t.match(metrics, 'innkeeper_modules{state="missing"} 1\n');

  await house.restart();
  t.equal((await modules()).get('marks-and-hangs')?.['state'], 'error');
  t.equal((await modules()).get('marks')?.['state'], 'active');
  t.equal(await ran(), 2, 'a second start runs no code of theirs, and waits for none');
  t.match((await house.status('w1'))['provision_status'], 'completed');
  await house.untilStatus('w1', completed);

  const shown = await innkeeper(house, 'module', 'list');
  t.match(shown.out, /product +throws .*error.*no luck/);
  t.match(shown.out, /product +wordpress +1\.0\.0 +active +1/);
  const one = await innkeeper(house, 'module', 'show', 'product/wordpress');
  t.match(one.out, /abilities +create, .*[^]*settings:\n[^]*template_name/);
  t.match(await innkeeper(house, 'module', 'show', 'product/nothing'), { code: 1, err: /no such module/ });
  t.match(await innkeeper(house, 'module', 'show', 'nothing'), {
    code: 1,
    err: /Expected <type>\/<name>, .*found "nothing"/,
  });
  const detail = await house.get('/modules/product/wordpress');
  t.match(detail, {
    status: 200,
    body: { hash: /^[0-9a-f]{64}$/, parts: ['guest', 'site'], settings_schema: { type: 'object' } },
  });
  t.match(await house.get('/modules/product/nothing'), { status: 404, body: { code: 'module_not_found' } });
});

t.test('a module that kills the daemon while it is read is not read a third time', async (t) => {
  const more = await mkdtemp(join(tmpdir(), 'innkeeper-modules-'));
  t.teardown(() => rm(more, { recursive: true, force: true }));
  const texts = { killer: "process.kill(process.ppid, 'SIGKILL');\nfor (;;);", harmless: sound('harmless') };
  for (const [name, text] of Object.entries(texts)) {
    await mkdir(join(more, 'product', name), { recursive: true });
    await writeFile(join(more, 'product', name, 'module.js'), text);
    await writeFile(join(more, 'product', name, 'package.json'), '{"type":"module"}');
  }
  const { serve } = await surroundings(t, { modules: { paths: [more] } });
  await t.rejects(serve(), /it ended with null/);
  await t.rejects(serve(), /it ended with null/);
  const served = await serve();
  const ordered = (id: string, module: string) => served.call('POST', '/create-site', order(id, { module }));
  t.match(await ordered('a', 'killer'), { status: 400, body: { code: 'unknown_module' } });
  t.match(await ordered('b', 'harmless'), { status: 202 }, 'only the one that did it is switched off');
  t.match(await ordered('c', 'wordpress'), { status: 202 });
});
