/**
 * Each operation of the contract: what it needs before, how it is asked for, and what must be true of the service
 * when it is done.
 */
import { eventually, type Fields, fieldsOf, listOf, type Stage, textOf } from './harness.js';
import type { World } from '../fakes/world-kinds.js';

export interface Operation {
  readonly name: string;
  /** Where it is tried; default `template`. */
  readonly stage?: World;
  /** Makes the service and brings it to where the operation starts; resolves with what `ask` needs. */
  prepare(stage: Stage, id: string): Promise<void>;
  ask(stage: Stage, id: string): Promise<string>;
  /** It may be asked for again and again on one service. */
  readonly again?: true;
  /** It fails for good by itself: what is looked at is how it is taken back. */
  readonly fails?: true;
  /** The domain's certificate is taken from the proxy at the same time, and a fault there may meet that instead. */
  readonly proxyChangesBeside?: true;
  /** The call at which it fails, where a further fault would never be met. */
  readonly failsAt?: string;
}

const PATIENCE_MS = 60_000;
export const domainOf = (id: string): string => `${id}.example.org`;

export async function ended(stage: Stage, jobId: string, ms = PATIENCE_MS): Promise<Fields> {
  const found = await eventually(
    async () => (await stage.call('GET', `/jobs/${jobId}`)).body,
    (job) => job['ended_at'] != null,
    ms,
  );
  return found.value;
}

async function done(stage: Stage, jobId: string): Promise<void> {
  const job = await ended(stage, jobId);
  if (job['status'] !== 'completed') throw new Error(`the preparation failed: ${JSON.stringify(job)}`);
}

/** The job's id of an accepted call. */
export async function accepted(
  stage: Stage,
  path: string,
  body: object,
  method: 'POST' | 'PATCH' = 'POST',
): Promise<string> {
  const answer = await stage.call(method, path, body);
  const id = answer.body['job_id'];
  if (typeof id !== 'string') throw new Error(`${path} ${answer.status}: ${JSON.stringify(answer.body)}`);
  return id;
}

const create = (stage: Stage, id: string, plan = 'premium'): Promise<string> =>
  accepted(stage, '/create-site', {
    service_id: id,
    email: `${id}@example.com`,
    plan,
    public_ip: '203.0.113.10',
  });
const site = async (stage: Stage, id: string, plan?: string): Promise<void> =>
  done(stage, await create(stage, id, plan));
const action =
  (path: string, also: (id: string) => object = () => ({})) =>
  (stage: Stage, id: string): Promise<string> =>
    accepted(stage, path, { service_id: id, ...also(id) });
const nothing = async (): Promise<void> => {};

async function backupOf(stage: Stage, id: string): Promise<string> {
  const { body } = await stage.call('GET', `/action/getbak?service_id=${id}`);
  const backups: unknown[] = Array.isArray(body['backups']) ? body['backups'] : [];
  const [backup] = backups;
  return typeof backup === 'string' ? backup : 'none';
}

async function withBackup(stage: Stage, id: string): Promise<void> {
  await site(stage, id);
  await done(stage, await action('/action/mkbak')(stage, id));
}

async function withDomain(stage: Stage, id: string): Promise<void> {
  await site(stage, id);
  await stage.dns(domainOf(id), ['203.0.113.10']);
  await done(stage, await action('/action/setdomain', () => ({ domain: domainOf(id) }))(stage, id));
  // what is changed at the proxy from here on is the operation's doing
  const certified = await eventually(
    async () => listOf((await stage.call('GET', `/action/getdomain?service_id=${id}`)).body['details']),
    ([domain]) => fieldsOf(domain?.['certificate'])['state'] === 'issued',
    PATIENCE_MS,
  );
  if (!certified.right)
    throw new Error(`the preparation got no certificate: ${JSON.stringify(certified.value)}`);
}

async function kept(stage: Stage, id: string): Promise<void> {
  await site(stage, id);
  await done(stage, await action('/delete-site')(stage, id));
}

/**
 * The purge comes by itself behind the deletion, unless that one waits for a system that is down: what passes is over
 * after two attempts.
 */
async function purged(stage: Stage, id: string): Promise<string> {
  const deletion = await action('/delete-site')(stage, id);
  const job = await eventually(
    async () => (await stage.call('GET', `/jobs/${deletion}`)).body,
    ({ ended_at: end, status, attempts }) => end != null || (status === 'waiting' && Number(attempts) > 1),
    PATIENCE_MS,
  );
  if (job.value['status'] !== 'completed') return deletion;
  const { value } = await eventually(
    async () => listOf((await stage.call('GET', `/jobs?service_id=${id}`)).body['jobs']),
    (jobs) => jobs.some(({ method }) => method === 'purge'),
    PATIENCE_MS,
  );
  return textOf(value.find(({ method }) => method === 'purge')?.['job_id']) || deletion;
}

async function stopped(stage: Stage, id: string): Promise<void> {
  await site(stage, id);
  await done(stage, await action('/action/stop')(stage, id));
}

async function suspended(stage: Stage, id: string): Promise<void> {
  await site(stage, id);
  await done(stage, await action('/suspend')(stage, id));
}

export const OPERATIONS: readonly Operation[] = [
  { name: 'create (template)', prepare: nothing, ask: (stage, id) => create(stage, id) },
  { name: 'create (scratch)', stage: 'scratch', prepare: nothing, ask: (stage, id) => create(stage, id) },
  {
    name: 'create, undone',
    fails: true,
    async prepare(stage) {
      await stage.fault({ target: 'exec', path: 'wordpress/configure', kind: { taskError: 'E: broken' } });
    },
    ask: (stage, id) => create(stage, id),
  },
  {
    name: 'upgrade, undone',
    fails: true,
    failsAt: 'PUT /nodes/N/lxc/ID/resize',
    async prepare(stage, id) {
      await site(stage, id, 'basic');
      await stage.fault({ target: 'pve', method: 'PUT', path: '/resize$', kind: { status: 500 } });
    },
    ask: action('/wp/upgrade/', () => ({ plan: 'standard' })),
  },
  {
    name: 'add domain, undone',
    fails: true,
    async prepare(stage, id) {
      await site(stage, id);
      await stage.dns(domainOf(id), ['203.0.113.10']);
      await stage.fault({ target: 'exec', path: 'wordpress/set-url', kind: { taskError: 'E: broken' } });
    },
    ask: action('/action/setdomain', (id) => ({ domain: domainOf(id) })),
  },
  { name: 'delete', prepare: site, ask: action('/delete-site') },
  { name: 'delete and keep', stage: 'kept', prepare: site, ask: action('/delete-site') },
  { name: 'restore', stage: 'kept', prepare: kept, ask: (stage, id) => create(stage, id) },
  { name: 'delete and purge', stage: 'purged', prepare: site, ask: purged },
  { name: 'suspend', prepare: site, ask: action('/suspend') },
  { name: 'unsuspend', prepare: suspended, ask: action('/unsuspend') },
  {
    name: 'upgrade',
    prepare: (stage, id) => site(stage, id, 'basic'),
    ask: action('/wp/upgrade/', () => ({ plan: 'standard' })),
  },
  {
    name: 'add domain',
    async prepare(stage, id) {
      await site(stage, id);
      await stage.dns(domainOf(id), ['203.0.113.10']);
    },
    ask: action('/action/setdomain', (id) => ({ domain: domainOf(id) })),
  },
  {
    name: 'remove domain',
    prepare: withDomain,
    ask: action('/action/deldomain', (id) => ({ domain: domainOf(id) })),
    proxyChangesBeside: true,
  },
  {
    name: 'set primary',
    prepare: withDomain,
    ask: action('/action/setprimary', (id) => ({ domain: `${id}.sandbox.test` })),
  },
  { name: 'backup', again: true, prepare: site, ask: action('/action/mkbak') },
  {
    name: 'delete backup',
    prepare: withBackup,
    ask: async (stage, id) =>
      accepted(stage, '/action/delbak', { service_id: id, bak: await backupOf(stage, id) }),
  },
  {
    name: 'rollback',
    prepare: withBackup,
    ask: async (stage, id) =>
      accepted(stage, '/action/rollback', { service_id: id, bak: await backupOf(stage, id) }),
  },
  { name: 'reset', again: true, prepare: site, ask: action('/action/reset') },
  { name: 'start', prepare: stopped, ask: action('/action/start') },
  { name: 'stop', prepare: site, ask: action('/action/stop') },
  { name: 'restart', again: true, prepare: site, ask: action('/action/restart') },
  { name: 'toggle', again: true, prepare: site, ask: action('/action/toggle') },
  {
    name: 'reset password',
    again: true,
    prepare: site,
    ask: (stage, id) => accepted(stage, `/services/${id}/credentials/reset`, {}),
  },
  {
    name: 'change of owner',
    prepare: site,
    ask: (stage, id) => accepted(stage, `/services/${id}`, { email: `new-${id}@example.com` }, 'PATCH'),
  },
];
