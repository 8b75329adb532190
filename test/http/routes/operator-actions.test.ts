import t, { type Test } from 'tap';
import type { Job } from '../../../src/model/job.js';
import { aStep } from '../../fakes/samples.js';
import { makeRig, ORDER, type Rig } from '../harness.js';

/** A creation whose way back came to a stop at the container. */
async function stuck(t: Test): Promise<{ rig: Rig; id: string }> {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const { body } = await rig.call('POST', '/create-site', ORDER);
  const at = '2026-03-01T12:00:00.000Z';
  const steps = [
    aStep('container', { begun: 1, status: 'undo_failed', concerns: 'container', startedAt: at }),
    aStep('dns', { begun: 1, status: 'undone', concerns: 'dns', startedAt: at }),
  ];
  const remains = [{ step: 'container', thing: 'container', what: 'container 10000 on pve7' }] as const;
  const end: Partial<Job> = { status: 'stuck', direction: 'undo', endedAt: at, steps, remains };
  await rig.change('default/12345', ({ jobs }) => ({
    lifecycle: 'failed',
    node: 'pve7',
    jobs: jobs.map((job) => ({ ...job, ...end })),
  }));
  return { rig, id: String(body['job_id']) };
}

t.test('a stuck job says what remains: to operators by name, to customers in their words', async (t) => {
  const { rig, id } = await stuck(t);
  const seen = await rig.call('GET', `/jobs/${id}`);
  t.match(seen.body, {
    status: 'stuck',
    remains: [{ step: 'container', thing: 'container', what: null }],
  });
  const admin = await rig.call('GET', `/jobs/${id}`, undefined, rig.tokens.admin);
  t.match(admin.body, { remains: [{ what: 'container 10000 on pve7' }] });
  const status = await rig.call('GET', '/status?service_id=12345');
  t.match(status.body, { status: 'failed', job: { id, status: 'stuck', remains: ['the container'] } });
});

t.test('a panel retries and cancels its own jobs; skipping and abandoning is the operator’s', async (t) => {
  const { rig, id } = await stuck(t);
  const { admin, reader, staging } = rig.tokens;
  t.match(await rig.call('POST', `/jobs/${id}/skip-step`, { step: 'container' }), { status: 403 });
  t.match(await rig.call('POST', `/jobs/${id}/abandon`), { status: 403 });
  t.match(await rig.call('POST', `/jobs/${id}/retry`, undefined, reader), { status: 403 });
  t.match(await rig.call('POST', `/jobs/${id}/retry`, undefined, staging), { status: 404 });
  t.match(await rig.call('POST', `/jobs/${id}/cancel`), { status: 409, body: { code: 'job_ended' } });
  t.match(await rig.call('POST', `/jobs/${id}/skip-step`, { step: 'dns' }, admin), {
    status: 404,
    body: { code: 'step_not_found', error: /it has: container/ },
  });
  const skipped = await rig.call('POST', `/jobs/${id}/skip-step`, { step: 'container' }, admin);
  t.match(skipped, { status: 200, body: { status: 'stuck', remains: [] } });
  t.match(await rig.call('POST', `/jobs/${id}/retry`), {
    status: 200,
    body: { status: 'queued', direction: 'undo', ended_at: null },
  });
  t.match(await rig.call('POST', `/jobs/${id}/retry`), { status: 200, body: { status: 'queued' } });
  t.ok(
    rig.log.some(
      (line) => /"decision":"skip-step","step":"container"/.test(line) && /"token":"admin"/.test(line),
    ),
  );
});

t.test('what was abandoned stays taken until the service is deleted', async (t) => {
  const { rig, id } = await stuck(t);
  const { admin } = rig.tokens;
  const vmid = (await rig.state.services.get('default/12345')).guest?.vmid ?? 0;
  const asked = rig.deps.drivers.guest;
  // the cluster cannot be asked: then it counts as there
  Object.assign(asked, { find: async () => Promise.reject(new Error('down')) });
  const given = await rig.call('POST', `/jobs/${id}/abandon`, undefined, admin);
  t.match(given, {
    status: 200,
    body: { status: 'failed', abandoned_at: String, remains: [{ step: 'container' }] },
  });
  t.match(
    await rig.call('POST', `/jobs/${id}/abandon`, undefined, admin),
    { status: 200 },
    'once more is the same',
  );
  t.equal(rig.state.services.holderOf({ vmid }), 'default/12345');
  t.match(await rig.call('POST', '/create-site', ORDER), { status: 409, body: { code: 'service_failed' } });
  t.match(await rig.call('POST', '/delete-site', { service_id: '12345' }), { status: 202 });
});

t.test('what was abandoned and is gone is free at once', async (t) => {
  const { rig, id } = await stuck(t);
  const vmid = (await rig.state.services.get('default/12345')).guest?.vmid ?? 0;
  const given = await rig.call('POST', `/jobs/${id}/abandon`, undefined, rig.tokens.admin);
  t.match(given.body, { status: 'failed', remains: [] });
  t.equal(rig.state.services.holderOf({ vmid }), undefined);
  t.match(await rig.call('POST', '/create-site', ORDER), { status: 202 });
});

t.test(
  'a queued job that is cancelled ends at once, and a held deletion is the operator’s to release',
  async (t) => {
    const rig = await makeRig();
    t.teardown(() => rig.close());
    const { body } = await rig.call('POST', '/create-site', ORDER);
    const id = String(body['job_id']);
    t.match(await rig.call('POST', `/jobs/${id}/cancel`), { status: 200, body: { status: 'cancelled' } });
    t.match(await rig.call('POST', `/jobs/${id}/cancel`), { status: 200, body: { status: 'cancelled' } });
    t.match(await rig.state.services.get('default/12345'), { lifecycle: 'failed', guest: { vmid: null } });
    t.match(await rig.call('POST', `/jobs/${id}/retry`), { status: 409, body: { code: 'job_ended' } });
  },
);

t.test('what the record says already since it was accepted cannot be cancelled', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  await rig.call('POST', '/create-site', ORDER);
  await rig.change('default/12345', () => ({
    lifecycle: 'active',
    activeAt: '2026-03-01T12:00:00.000Z',
    jobs: [],
    domains: [
      {
        domain: 'example.org',
        www: false,
        provenBy: 'routing',
        certificate: { state: 'none', expiresAt: null, problem: null },
        addedAt: '2026-03-01T12:00:00.000Z',
      },
    ],
  }));
  const async = (path: string, body: object) =>
    rig.call('POST', path, { service_id: '12345', ...body }, rig.tokens.panel);
  const removal = await async('/action/deldomain', { domain: 'example.org' });
  const suspension = await async('/suspend', {});
  for (const { body } of [removal, suspension])
    t.match(await rig.call('POST', `/jobs/${String(body['job_id'])}/cancel`), {
      status: 409,
      body: { code: 'job_irrevocable' },
    });
  const service = await rig.state.services.get('default/12345');
  t.match(service, { lifecycle: 'suspended', suspendedFor: ['billing'], site: { domains: [] } });
  t.match(service.jobs, [
    { method: 'removeDomain', status: 'queued' },
    { method: 'suspend', status: 'queued' },
  ]);
});
