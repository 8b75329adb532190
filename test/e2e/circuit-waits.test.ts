import t from 'tap';
import { type Answer, type Fields, type House, openHouse } from './harness.js';

interface Call {
  /** Id of its site. */
  readonly id: string;
  readonly ask: (house: House) => Promise<Answer>;
  /** What is done to the site before everything is dead. */
  readonly before?: (house: House) => Promise<unknown>;
  /** What the site is in the end. */
  readonly becomes: object;
}

const ask =
  (id: string, path: string, also: object = {}) =>
  (house: House): Promise<Answer> =>
    house.call('POST', path, { service_id: id, ...also }, { prefer: 'wait=0' });
const first =
  (id: string, path: string, also: object = {}) =>
  (house: House): Promise<Answer> =>
    house.settled(path, { service_id: id, ...also });
/** Its first backup of the day; the list does not show one that is about to be deleted. */
const backup = (): string => {
  const [year, month, day] = new Date().toISOString().slice(0, 10).split('-');
  return `BAK${day}${month}${year}-1`;
};

/** Sites made side by side. */
const AT_ONCE = 4;
const running = { status: 'running', job: null, stale_since: null };
const CALLS: readonly Call[] = [
  {
    id: 'start',
    before: first('start', '/action/stop'),
    ask: ask('start', '/action/start'),
    becomes: running,
  },
  { id: 'stop', ask: ask('stop', '/action/stop'), becomes: { status: 'stopped', job: null } },
  { id: 'restart', ask: ask('restart', '/action/restart'), becomes: running },
  { id: 'reset', ask: ask('reset', '/action/reset'), becomes: running },
  {
    id: 'mkbak',
    ask: ask('mkbak', '/action/mkbak'),
    becomes: { ...running, quota: { backups: { used: 1 } } },
  },
  {
    id: 'delbak',
    before: first('delbak', '/action/mkbak'),
    ask: ask('delbak', '/action/delbak', { bak: backup() }),
    becomes: { ...running, quota: { backups: { used: 0 } } },
  },
  {
    id: 'rollback',
    before: first('rollback', '/action/mkbak'),
    ask: ask('rollback', '/action/rollback', { bak: backup() }),
    becomes: running,
  },
  {
    id: 'toggle',
    ask: ask('toggle', '/action/toggle', { enabled: false }),
    becomes: { ...running, proxy: { enabled: false } },
  },
  { id: 'suspend', ask: ask('suspend', '/suspend'), becomes: { status: 'suspended', job: null } },
  {
    id: 'unsuspend',
    before: first('unsuspend', '/suspend'),
    ask: ask('unsuspend', '/unsuspend'),
    becomes: { ...running, suspended_for: [] },
  },
  {
    id: 'upgrade',
    ask: ask('upgrade', '/wp/upgrade/', { plan: 'standard' }),
    becomes: { ...running, plan: 'standard' },
  },
  {
    id: 'owner',
    ask: (house) =>
      house.call('PATCH', '/services/owner', { email: 'new@example.com' }, { prefer: 'wait=0' }),
    becomes: running,
  },
  { id: 'delete', ask: ask('delete', '/delete-site'), becomes: { status: 'terminated', job: null } },
];

t.test(
  'with everything behind it dead, each call is taken, joined, told about and carried out later',
  async (t) => {
    const house = await openHouse(t, { config: async () => ({ circuits: { failures: 2, pause_s: 1 } }) });
    for (let from = 0; from < CALLS.length; from += AT_ONCE)
      await Promise.all(
        CALLS.slice(from, from + AT_ONCE).map(async ({ id, before }) => {
          await house.make(id);
          await before?.(house);
        }),
      );
    for (const target of ['pve', 'dns', 'proxy', 'exec'] as const)
      await house.fault({ target, kind: { down: true } });
    await house.untilStatus('stop', ({ stale_since: since }) => typeof since === 'string');
    const stateOf = new Map<string, Fields>();
    for (const { id } of CALLS) stateOf.set(id, await house.status(id));

    const jobs = new Map<string, unknown>();
    for (const { id, ask } of CALLS) {
      const answer = await ask(house);
      t.match(answer, { status: 202, body: { success: true, service_id: id, job_id: /-/ } }, id);
      jobs.set(id, answer.body['job_id']);
    }
    for (const { id, ask } of CALLS) t.equal((await ask(house)).body['job_id'], jobs.get(id), `${id} again`);
    for (const { id } of CALLS) {
      const told = await house.get(`/status?service_id=${id}`);
      t.match(told, {
        status: 200,
        body: { reachable: false, stale_since: /^\d{4}-/, job: { id: jobs.get(id) } },
      });
      const known = stateOf.get(id) ?? {};
      t.same(told.body['resources'], known['resources'], `${id}: the last known`);
      t.notMatch(JSON.stringify(known['resources']), /unknown/);
      t.equal(told.body['power'], known['power']);
      t.equal((await house.get(`/action/getbak?service_id=${id}`)).status, 200);
      t.equal((await house.get(`/action/getdomain?service_id=${id}`)).status, 200);
    }
    t.match(await house.post('/wp/upgrade/check', { service_id: 'stop', plan: 'premium' }), { status: 200 });

    await house.noFaults();
    for (const { id, becomes } of CALLS) {
      await house.until(`/jobs/${String(jobs.get(id))}`, ({ ended_at: end }) => end !== null);
      const job = await house.get(`/jobs/${String(jobs.get(id))}`);
      t.match(job.body, { status: 'completed', error: null }, id);
      await house.untilStatus(id, ({ stale_since: since, job: open }) => since === null && open === null);
      t.match(await house.status(id), becomes, id);
    }
  },
);
