import { createHash } from 'node:crypto';
import t from 'tap';
import type { Job } from '../../src/model/job.js';
import { asObject, guest, makeRig, ORDER, type Rig, view } from '../http/harness.js';
import type { Changes } from '../fakes/parts.js';

const KEY = 'default/12345';

async function site(also: Changes = {}): Promise<Rig> {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  await rig.call('POST', '/create-site', ORDER);
  const activeAt = '2026-03-01T12:00:00.000Z';
  await rig.change(KEY, () => ({ lifecycle: 'active', activeAt, jobs: [], vmid: 10_000, ...also }));
  return rig;
}

/** Every job that is recorded from now on ends like this before its call goes on. Returns the way to stop. */
function endJobs(rig: Rig, end: (job: Job) => Job): () => void {
  const { services } = rig.state;
  const change = services.change.bind(services);
  const ended: typeof change = async (key, fn) => {
    const done = await change(key, fn);
    await change(key, (service) => {
      if (!service) throw new Error(`${key} is gone`);
      const jobs = service.jobs.map((job) => (job.status === 'queued' ? end(job) : job));
      return { value: { ...service, jobs }, result: undefined };
    });
    return done;
  };
  Object.assign(services, { change: ended });
  return () => void Object.assign(services, { change });
}

/** The call, with its job done as soon as it is recorded. */
async function link(rig: Rig, token = rig.tokens.panel) {
  const at = '2026-03-01T12:00:05.000Z';
  const off = endJobs(rig, (job) => ({ ...job, status: 'completed', startedAt: at, endedAt: at }));
  const answer = await rig.app.inject({
    method: 'POST',
    url: '/services/12345/login-link',
    headers: { authorization: `Bearer ${token}` },
  });
  off();
  return {
    status: answer.statusCode,
    body: asObject(answer.body),
    headers: answer.headers,
    text: answer.body,
  };
}

t.test('the token is in the answer alone: record, log and audit have its hash at most', async (t) => {
  const rig = await site();
  const { status, body, headers } = await link(rig);
  t.match([status, headers['cache-control']], [200, 'no-store']);
  t.match(body, {
    service_id: '12345',
    url: /^https:\/\/[a-z0-9-]+\.sites\.example\.net\/in\/[0-9a-f]{32}\?token=[\w-]{43}$/,
    expires_at: '2026-03-01T12:01:05.000Z',
  });
  const token = new URL(String(body['url'])).searchParams.get('token') ?? '';
  const record = JSON.stringify(await rig.state.services.get(KEY));
  t.notMatch(record, token);
  t.match(record, createHash('sha256').update(token).digest('hex'));
  t.notMatch(rig.log.join(), token);
  const audit = await rig.call('GET', '/audit', undefined, rig.tokens.admin);
  t.notMatch(JSON.stringify(audit.body), token);
  t.match(JSON.stringify(audit.body), /login-link/, 'who asked is on record');
  const again = await link(rig);
  t.not(again.body['url'], body['url'], 'each call makes another one');
});

t.test('it is refused where nobody could log in, and to whom may only read', async (t) => {
  const rig = await site();
  t.match(await link(rig, rig.tokens.reader), { status: 403, body: { code: 'forbidden' } });
  t.match(await link(rig, rig.tokens.staging), { status: 404, body: { code: 'service_not_found' } });
  await rig.change(KEY, () => ({ lifecycle: 'suspended', suspendedFor: ['billing'] }));
  t.match(await link(rig), { status: 403, body: { code: 'service_suspended' } });
  await rig.change(KEY, () => ({ lifecycle: 'active', suspendedFor: [] }));
  rig.cluster.view = view([guest(10_000, { status: 'stopped' })]);
  t.match(await link(rig), { status: 409, body: { code: 'service_stopped' } });
  rig.cluster.view = view([guest(10_000)]);
  await rig.change(KEY, () => ({ site: null }));
  t.match(await link(rig), { status: 409, body: { code: 'not_supported' } });
  await rig.change(KEY, () => ({ lifecycle: 'terminated', deletion: { requestedAt: 'x', purgeAt: 'y' } }));
  t.equal((await link(rig)).status, 409);
});

t.test('a job that fails leaves no link', async (t) => {
  const rig = await site();
  const error = { code: 'administrator_missing', message: 'No administrator.', retryable: false } as const;
  endJobs(rig, (job) => ({ ...job, status: 'failed', endedAt: '2026-03-01T12:00:05.000Z', error }));
  const answer = await rig.call('POST', '/services/12345/login-link');
  t.match(answer, { status: 409, body: { code: 'administrator_missing' } });
  t.notOk('url' in answer.body);
});
