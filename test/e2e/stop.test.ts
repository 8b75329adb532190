import t from 'tap';
import { fields } from '../http/harness.js';
import { type Served, surroundings, type Surroundings, until } from './daemon-process.js';

const ORDER = { service_id: '1', email: 's1@example.com', plan: 'basic', public_ip: '203.0.113.10' };
const CLONE = { target: 'pve', method: 'POST', path: '/clone$' } as const;

const jobIn = (document: Record<string, unknown> | undefined): Record<string, unknown> =>
  fields(fields(document?.['jobs'])['0']);
const stepIn = (job: Record<string, unknown>, name: string): Record<string, unknown> =>
  Object.values(fields(job['steps']))
    .map(fields)
    .find((step) => step['name'] === name) ?? {};
const stepOnDisk = async ({ documents }: Surroundings, name: string): Promise<unknown> =>
  stepIn(jobIn((await documents())[0]), name)['status'];
const completed = (served: Served) =>
  until(
    () => served.call('GET', '/status?service_id=1'),
    ({ body }) => body['provision_status'] === 'completed',
  );
const containers = async ({ world }: Surroundings): Promise<unknown[]> => {
  const answer = fields(await (await fetch(`${world.control}/containers`)).json());
  return Object.values(fields(answer['containers'])).filter((one) => Number(fields(one)['vmid']) < 9000);
};

t.test('a stop lets a short step end, begins no other, and the next start goes on behind it', async (t) => {
  const around = await surroundings(t);
  await around.fault({ ...CLONE, kind: { taskMs: 1_000 } });
  const first = await around.serve();
  await first.call('POST', '/create-site', ORDER);
  await until(
    () => stepOnDisk(around, 'container'),
    (status) => status === 'running',
  );
  first.child.kill('SIGTERM');
  t.equal(await first.gone, 0);
  const left = jobIn((await around.documents())[0]);
  t.match(left, { status: 'queued', attempts: 0, crashes: 0 });
  t.match(stepIn(left, 'container'), { status: 'done', begun: 1 });
  t.equal(stepIn(left, 'start')['begun'] ?? 0, 0, 'what comes after it has not begun');

  const second = await around.serve();
  await completed(second);
  t.equal((await containers(around)).length, 1);
  second.child.kill('SIGTERM');
  t.equal(await second.gone, 0);
});

t.test('a long step is left as it is and taken up by the next start', async (t) => {
  const around = await surroundings(t, { jobs: { stop_s: 2 } });
  await around.fault({ ...CLONE, kind: { taskMs: 6_000 }, times: 1 });
  const first = await around.serve();
  await first.call('POST', '/create-site', ORDER);
  await until(
    () => stepOnDisk(around, 'container'),
    (status) => status === 'running',
  );
  const asked = Date.now();
  first.child.kill('SIGTERM');
  t.equal(await first.gone, 0);
  t.comment(`it took ${Date.now() - asked} ms`);
  const left = jobIn((await around.documents())[0]);
  t.match(
    left['status'],
    /^(queued|running)$/,
    'handed back, or as it stood when the machine was too slow for that',
  );
  const second = await around.serve();
  await completed(second);
  t.equal((await containers(around)).length, 1, 'it was not made twice');
  second.child.kill('SIGTERM');
  await second.gone;
});

t.test('requests in flight are answered, new ones are refused', async (t) => {
  const around = await surroundings(t);
  const served = await around.serve();
  await served.call('POST', '/create-site', ORDER);
  await completed(served);
  await around.fault({
    target: 'pve',
    method: 'POST',
    path: '/status/(stop|shutdown|reboot)$',
    kind: { taskMs: 1_500 },
  });
  const waiting = served.call('POST', '/action/restart', { service_id: '1' });
  await until(around.documents, ([document]) =>
    Object.values(fields(document?.['jobs'])).some((job) => fields(job)['method'] === 'restart'),
  );
  served.child.kill('SIGTERM');
  t.match(await waiting, { status: 202, body: { success: true, service_id: '1' } });
  const late = await served.call('GET', '/health').then(
    ({ status, body }) => `${status} ${String(body['code'])}`,
    (error: unknown) => String(error instanceof Error && error.cause),
  );
  t.match(late, /ECONNREFUSED|ECONNRESET|other side closed|^503 shutting_down$/);
  t.equal(await served.gone, 0);
});

t.test('a second signal ends it at once, and nothing is lost', async (t) => {
  const around = await surroundings(t);
  await around.fault({ ...CLONE, kind: { taskMs: 5_000 }, times: 1 });
  const first = await around.serve();
  await first.call('POST', '/create-site', ORDER);
  await until(
    () => stepOnDisk(around, 'container'),
    (status) => status === 'running',
  );
  first.child.kill('SIGTERM');
  await until(
    () =>
      first.call('GET', '/health').then(
        () => true,
        () => false,
      ),
    (answers) => !answers,
  );
  first.child.kill('SIGINT');
  t.equal(await first.gone, 130);
  const second = await around.serve();
  await completed(second);
  t.equal((await containers(around)).length, 1);
  second.child.kill('SIGTERM');
  t.equal(await second.gone, 0);
});

t.test('a reader of the log that goes away takes nothing with it', async (t) => {
  const around = await surroundings(t);
  const served = await around.serve();
  served.child.stdout?.destroy();
  await served.call('POST', '/create-site', ORDER);
  await completed(served);
  t.equal(served.child.exitCode, null);
  served.child.kill('SIGTERM');
  t.equal(await served.gone, 0);
});
