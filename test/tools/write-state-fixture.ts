/**
 * Writes a state folder with a document of every kind, as this program writes them: run once for each new schema
 * version, and kept for ever.
 *   node dist/test/tools/write-state-fixture.js test/fixtures/state/<name>
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { domainId } from '../../src/model/custom-domain.js';
import type { Job } from '../../src/model/job.js';
import { Secret } from '../../src/kernel/secret.js';
import { accountStore } from '../../src/state/stores/acme-accounts.js';
import { openState } from '../../src/state/open.js';
import { workIdOf } from '../../src/model/module-work.js';
import { freshTask } from '../../src/tasks/add-task.js';
import { KEY, plan as samplePlan, sampleJob, sampleService } from '../state/samples.js';
import { toldClock } from '../fakes/told-clock.js';

const AT = '2026-01-02T03:04:05.000Z';
const clock = toldClock(() => Date.parse(AT));
const [dir] = process.argv.slice(2);
if (dir === undefined) throw new Error('which folder?');

const jobId = (n: number): string => `019b7c9a-9f88-7000-8000-00000000000${n}`;
const done = (n: number): Job => sampleJob({ id: jobId(n), status: 'completed', endedAt: AT, steps: [] });

const state = await openState({ dir, key: KEY, clock });
const { services, domains } = state;
await services.commit('default/1', () => sampleService('1', { jobs: [done(1)] }));
await services.commit('default/2', () =>
  sampleService('2', { lifecycle: 'creating', activeAt: null, jobs: [sampleJob({ id: jobId(2) })] }),
);
await services.commit('default/3', () =>
  sampleService('3', {
    lifecycle: 'suspended',
    suspendedFor: ['abuse'],
    domains: [
      {
        domain: 'example.com',
        www: true,
        provenBy: 'txt',
        certificate: { state: 'issued', expiresAt: AT, problem: null },
        addedAt: AT,
      },
    ],
    primaryDomain: 'example.com',
  }),
);
await services.commit('default/4', () => sampleService('4', { guest: null, site: null }));
await state.tokens.commit('tok_1', () => ({
  id: 'tok_1',
  name: 'billing',
  panel: 'default',
  permissions: ['sites:read'],
  sha256: 'a'.repeat(64),
  former: [{ sha256: 'b'.repeat(64), until: AT }],
  createdAt: AT,
  expiresAt: null,
  revokedAt: null,
  networks: [],
}));
await state.modules.commit('product.puq-shop', () => ({
  ...{ id: 'product.puq-shop', type: 'product', name: 'puq-shop', state: 'active', reason: null },
  active: { version: '1.1.0', hash: 'c'.repeat(64) },
  ...{ failed: null, installed: null, former: [{ version: '1.0.0', hash: 'd'.repeat(64) }] },
  settings: { url: 'https://shop.example', token: { secret: 'settings.token' } },
  secrets: { 'settings.token': new Secret('token of the shop') },
  ...{ hasData: true, jobs: [done(9)], createdAt: AT, updatedAt: AT },
}));
await state.reservations.commit('res-1', () => ({
  schema: 1,
  id: 'res-1',
  panel: 'default',
  plan: samplePlan,
  count: 2,
  createdAt: AT,
  expiresAt: AT,
  takenBy: ['default/1'],
}));
await state.plans.commit('cloud-10', () => ({
  id: 'cloud-10',
  plan: {
    ...{ ...samplePlan, name: 'cloud-10', aliases: ['Cloud 10 GB'], module: 'cloud', data: { quota_gb: 10 } },
    options: [{ name: 'quota_gb', min: 10, max: 50, step: 10 }],
  },
  createdAt: AT,
  updatedAt: AT,
}));
await state.tasks.commit(jobId(5), () => ({
  ...freshTask({ id: jobId(5), module: { type: 'product', name: 'cloud' }, method: 'sync', at: AT }),
  ...{ service: { key: 'default/1', generation: 1 }, key: 'host-1', input: { account: 7 }, notBefore: AT },
  ...{ status: 'waiting', attempts: 1, exceptions: 1, notes: { seen: true }, startedAt: AT },
  waiting: { for: 'agent', reason: 'unknown', since: AT, until: AT },
  error: { code: 'module_failed', message: 'The module failed.', failure: 'unknown', retryable: true },
  event: {
    ...{ id: jobId(6), type: 'service.active', at: AT, data: {} },
    service: { panel: 'default', id: '1', generation: 1 },
  },
}));
await state.instances.commit('ops-chat', () => ({
  ...{ id: 'ops-chat', type: 'notification', module: 'chat', name: 'Chat of the operators' },
  data: { channel: '#ops', token: { secret: 'data.token' } },
  secrets: { 'data.token': new Secret('a token of a chat') },
  ...{ createdAt: AT, updatedAt: AT },
}));
const cloud = { type: 'product', name: 'cloud' };
await state.moduleWork.commit(workIdOf(cloud), () => ({
  ...{ id: workIdOf(cloud), module: cloud, cursor: 'position' },
  schedules: { nightly: { times: '0 3 * * * UTC', lastAt: null, nextAt: AT, lastTask: jobId(5) } },
}));
await state.archive.append({ key: 'default/1', job: done(9) });
const id = domainId('example.com');
await domains.commit(id, () => ({
  schema: 1,
  id,
  domain: 'example.com',
  registered: 'example.com',
  owner: { panel: 'default', userId: null, email: 'a@example.org' },
  service: 'default/3',
  quarantineUntil: null,
  certificate: {
    names: ['example.com', 'www.example.com'],
    chain: 'PEM',
    key: new Secret('key of example.com'),
    issuedAt: AT,
    expiresAt: AT,
  },
  issued: [{ at: AT, names: ['example.com'] }],
  refusals: [],
  failures: 0,
  nextAt: null,
  problem: null,
}));
await accountStore(state.acmeAccounts).save('https://acme.example/directory', {
  key: new Secret('account key'),
  url: 'https://acme.example/acct/1',
});
await state.zones.commit('zone_1', () => ({
  schema: 1,
  id: 'zone_1',
  zone: 'example.com',
  panel: 'default',
  userId: '7',
  createdAt: AT,
}));
await state.remembered.commit('call_1', () => ({
  schema: 1,
  id: 'call_1',
  fingerprint: 'f',
  requestId: 'r',
  serviceId: '1',
  answer: { code: 202, body: new Secret('{"success":true}') },
  createdAt: AT,
  expiresAt: AT,
}));
await state.alerts.commit('alert_1', () => ({
  schema: 1,
  id: 'alert_1',
  kind: 'job_stuck',
  subject: 'default/3',
  panel: 'default',
  serviceId: '3',
  text: 'A job is stuck.',
  data: {},
  raisedAt: AT,
  clearedAt: null,
  told: { mail: 'raised' },
}));
await state.close();
await rm(join(dir, 'lock'));
