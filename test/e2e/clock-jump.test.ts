/**
 * The wall clock of the machine is set wrong while the daemon runs: nothing is lost by it, and all goes on when it is
 * right again.
 */
import { appendFile, mkdir, readdir, readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { parse } from 'yaml';
import { daemonSide } from '../../src/cli/doctor/daemon-side.js';
import { asObject, fields } from '../http/harness.js';
import { type Fields, type House, openHouse, order } from './harness.js';

const DAY = 86_400_000;

/** Sets the clock of this process, as `date -s` sets that of the machine; right again when the test ends. */
function wallClock(t: Test): { jump(ms: number): void } {
  const real = Date.now;
  let offset = 0;
  Date.now = () => real() + offset;
  t.teardown(() => (Date.now = real));
  return { jump: (ms) => (offset += ms) };
}

async function configOf(house: House, part: string): Promise<Fields> {
  return fields(fields(parse(await readFile(house.configFile, 'utf8')))[part]);
}

/** A call at the daemon's own socket, as the command line makes it. */
async function operator(house: House, method: 'GET' | 'POST', path: string): Promise<Fields> {
  const api = await configOf(house, 'api');
  const text = await new Promise<string>((resolve, reject) => {
    const call = request({ socketPath: String(api['socket']), method, path }, (answer) => {
      let body = '';
      answer.on('data', (chunk: Buffer) => (body += chunk.toString()));
      answer.on('end', () => resolve(body));
    });
    call.on('error', reject);
    call.end();
  });
  return asObject(text);
}

async function alerts(house: House): Promise<string[]> {
  const { alerts: all } = await operator(house, 'GET', '/alerts');
  return Array.isArray(all) ? all.map((one) => String(fields(one)['alert'])) : [];
}

async function until<T>(look: () => Promise<T>, right: (value: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    const value = await look();
    if (right(value)) return value;
    if (tries > 600) throw new Error(`it stays as it is: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

t.test('a clock that is 400 days ahead for a while purges, erases and forgets nothing', async (t) => {
  const house = await openHouse(t, { deletion: { hold_s: 7 * 86_400 } });
  const clock = wallClock(t);
  const state = String((await configOf(house, 'agent'))['state_dir']);
  const yesterday = new Date(Date.now() - DAY).toISOString().slice(0, 10);
  for (const folder of ['audit', 'events']) {
    await mkdir(join(state, folder), { recursive: true });
    await appendFile(join(state, folder, `${yesterday}.ndjson`), '\n');
  }
  await house.make('1');
  await house.make('2');
  const { body: page } = await house.get('/events?limit=100');
  await house.settled('/delete-site', { service_id: '1' });
  await house.untilStatus('1', (status) => status['status'] === 'terminated');
  const password = await house.get('/services/2/credentials');
  clock.jump(400 * DAY);
  // each of these makes the daemon look for what is due: a purge, an erasure, the day's end of a log
  await house.settled('/delete-site', { service_id: '2' });
  await house.untilStatus('2', (status) => status['status'] === 'terminated');
  await until(
    () => alerts(house),
    (kinds) => kinds.includes('clock_jump'),
  );
  t.match(await operator(house, 'GET', '/clock'), { trusted: false, doubt: 'ahead', off_s: 400 * 86_400 });
  t.match((await house.get('/ready')).status, 200, 'it serves');
  clock.jump(-400 * DAY);
  await until(
    () => alerts(house),
    (kinds) => !kinds.includes('clock_jump'),
  );
  for (const id of ['1', '2']) {
    await house.settled('/create-site', order(id));
    t.match(await house.untilStatus(id, (status) => status['status'] === 'running'), { lifecycle: 'active' });
  }
  t.same((await house.get('/services/2/credentials')).body['password'], password.body['password']);
  for (const folder of ['audit', 'events']) {
    const days = await readdir(join(state, folder));
    t.ok(days.includes(`${yesterday}.ndjson`), `${folder}: the day before is still there`);
    t.notOk(
      days.some((day) => day > new Date(Date.now() + DAY).toISOString()),
      `${folder}: no day to come`,
    );
  }
  const rest = await house.get(`/events?limit=100&after=${String(page['next_cursor'])}`);
  const types = (Array.isArray(rest.body['events']) ? rest.body['events'] : []).map(
    (one) => fields(one)['type'],
  );
  t.ok(types.length >= 4, `a reader of events missed none: ${types.join()}`);
});

t.test('a job that waits while the clock is a day ahead goes on when it is right', async (t) => {
  const house = await openHouse(t);
  const clock = wallClock(t);
  await house.make('1');
  const lift = await house.fault({ target: 'dns', kind: { down: true } });
  await house.call('POST', '/delete-site', { service_id: '1' }, { prefer: 'respond-async' });
  const job = async (): Promise<Fields> => house.job(await house.status('1'));
  await house.untilStatus('1', (status) => status['job'] !== null);
  const { waiting: first } = await until(job, ({ status }) => status === 'waiting');
  clock.jump(DAY);
  await until(
    job,
    ({ status, waiting }) => status === 'waiting' && fields(waiting)['until'] !== fields(first)['until'],
  );
  clock.jump(-DAY);
  await lift();
  t.match(await house.untilStatus('1', (status) => status['status'] === 'terminated'), { purge_at: null });
});

t.test('a person says that the clock is right, and what is due is done', async (t) => {
  const house = await openHouse(t, { deletion: { hold_s: 7 * 86_400 } });
  const clock = wallClock(t);
  await house.make('1');
  await house.settled('/delete-site', { service_id: '1' });
  const { purge_at: purgeAt } = await house.untilStatus('1', (status) => status['status'] === 'terminated');
  t.type(purgeAt, 'string');
  clock.jump(8 * DAY);
  t.match(await operator(house, 'GET', '/clock'), { trusted: false });
  const asked = daemonSide(house.configFile);
  t.match(await asked.clock?.(), { doubt: { kind: 'ahead' } }, 'the doctor hears it from the daemon');
  const before = (await house.containers()).length;
  t.match(await operator(house, 'POST', '/clock/confirm'), { trusted: true, doubt: null });
  t.same(await asked.clock?.(), { doubt: undefined });
  await until(
    () => house.containers(),
    (left) => left.length === before - 1,
  );
});
