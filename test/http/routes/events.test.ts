import type { AddressInfo } from 'node:net';
import t from 'tap';
import type { StepRecord } from '../../../src/model/job.js';
import { createToken } from '../../../src/tokens/create-token.js';
import { rotateToken } from '../../../src/tokens/rotate-token.js';
import { asObject, makeRig, ORDER, type Rig } from '../harness.js';

interface Heard {
  readonly event: string;
  readonly data: Record<string, unknown>;
}

const step = (name: string, status: StepRecord['status']): StepRecord => ({
  name,
  after: [],
  undoable: true,
  pivot: false,
  status,
  notes: {},
  result: null,
  begun: 1,
  startedAt: null,
  endedAt: null,
});

async function listening(rig: Rig): Promise<string> {
  await rig.app.listen({ port: 0, host: '127.0.0.1' });
  const address = rig.app.server.address();
  const { port } =
    typeof address === 'object' && address !== null ? (address satisfies AddressInfo) : { port: 0 };
  return `http://127.0.0.1:${port}`;
}

/** Opens the stream; `next` waits for one more event, and is undefined at its end. */
async function follow(rig: Rig, base: string, job: string, token = rig.tokens.panel) {
  const stop = new AbortController();
  const answer = await fetch(`${base}/jobs/${job}/events`, {
    headers: { authorization: `Bearer ${token}` },
    signal: stop.signal,
  });
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const next = async (): Promise<Heard | undefined> => {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end >= 0) {
        const block = text.slice(0, end);
        text = text.slice(end + 2);
        const [, event = ''] = /^event: (.*)$/m.exec(block) ?? [];
        const [, data = ''] = /^data: (.*)$/m.exec(block) ?? [];
        if (event !== '') return { event, data: asObject(data) };
        continue;
      }
      const chunk = await reader?.read();
      if (!chunk || chunk.done) return undefined;
      text += chunk.value;
    }
  };
  return { status: answer.status, headers: answer.headers, next, stop: () => stop.abort() };
}

async function ordered(rig: Rig): Promise<string> {
  return String((await rig.call('POST', '/create-site', ORDER)).body['job_id']);
}

t.test('a job is followed live, step by step, until it ends', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const base = await listening(rig);
  const job = await ordered(rig);
  const stream = await follow(rig, base, job);
  t.match(stream.headers.get('content-type'), /^text\/event-stream/);
  t.match(await stream.next(), { event: 'state', data: { id: job, status: 'queued', steps: [] } });
  const becomes = (also: object) =>
    rig.change('default/12345', (service) => ({ jobs: service.jobs.map((one) => ({ ...one, ...also })) }));
  await becomes({
    status: 'running',
    attempts: 1,
    steps: [step('container', 'running'), step('dns', 'pending')],
  });
  t.match(await stream.next(), { event: 'step', data: { name: 'container', status: 'running' } });
  t.match(await stream.next(), { event: 'step', data: { name: 'dns', status: 'pending' } });
  t.match(await stream.next(), {
    event: 'status',
    data: { status: 'running', steps_done: 0, steps_total: 2 },
  });
  await becomes({ steps: [step('container', 'done'), step('dns', 'pending')] });
  t.match(await stream.next(), { event: 'step', data: { name: 'container', status: 'done' } });
  t.match(await stream.next(), { event: 'status', data: { steps_done: 1 } });
  await becomes({ requestId: 'other' });
  await becomes({
    status: 'completed',
    endedAt: '2026-03-01T12:01:00.000Z',
    steps: [step('container', 'done'), step('dns', 'done')],
  });
  t.match(
    await stream.next(),
    { event: 'step', data: { name: 'dns', status: 'done' } },
    'what shows no change tells nothing',
  );
  t.match(await stream.next(), { event: 'status', data: { status: 'completed' } });
  t.match(await stream.next(), { event: 'end', data: { id: job, status: 'completed' } });
  t.equal(await stream.next(), undefined, 'closed');
});

t.test('a job that has ended is told at once', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const base = await listening(rig);
  const job = await ordered(rig);
  await rig.change('default/12345', (service) => ({
    jobs: service.jobs.map((one) => ({ ...one, status: 'failed', endedAt: '2026-03-01T12:01:00.000Z' })),
  }));
  const stream = await follow(rig, base, job);
  t.match(await stream.next(), { event: 'state' });
  t.match(await stream.next(), { event: 'end', data: { status: 'failed' } });
  t.equal(await stream.next(), undefined);
});

t.test('a job that goes to the archive between two looks is told to its end', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const base = await listening(rig);
  const id = await ordered(rig);
  const stream = await follow(rig, base, id);
  await stream.next();
  const [job] = (await rig.state.services.get('default/12345')).jobs;
  if (!job) throw new Error('no job');
  await rig.state.archive.append({
    key: 'default/12345',
    job: { ...job, status: 'completed', endedAt: '2026-03-01T12:01:00.000Z' },
  });
  await rig.change('default/12345', () => ({ jobs: [] }));
  t.match(await stream.next(), { event: 'status', data: { status: 'completed' } });
  t.match(await stream.next(), { event: 'end' });
});

t.test('streams end when the daemon stops, which does not wait for them', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const base = await listening(rig);
  const stream = await follow(rig, base, await ordered(rig));
  await stream.next();
  await rig.app.close();
  t.equal(await stream.next(), undefined);
});

t.test('one token holds a limited number of streams, and gets them back', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const base = await listening(rig);
  const job = await ordered(rig);
  const open = await Promise.all(Array.from({ length: 20 }, () => follow(rig, base, job)));
  const refused = await follow(rig, base, job);
  t.equal(refused.status, 429);
  t.ok(refused.headers.get('retry-after'));
  t.equal((await follow(rig, base, job, rig.tokens.admin)).status, 200, 'others are not concerned');
  for (const stream of open) stream.stop();
  let status = 429;
  while (status === 429) ({ status } = await follow(rig, base, job));
  t.equal(status, 200);
});

t.test('an unknown job has no stream', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  t.match(await rig.call('GET', '/jobs/01900000-0000-7000-8000-000000000000/events'), {
    status: 404,
    body: { code: 'job_not_found' },
  });
});

t.test('whoever loses his token loses his streams: revoked, expired, or rotated away', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const base = await listening(rig);
  const job = await ordered(rig);
  const { tokens } = rig.state;
  const make = (name: string, also: object = {}) => createToken(rig.deps, { name, ...also });
  const open = async (text: string) => {
    const stream = await follow(rig, base, job, text);
    t.equal(stream.status, 200);
    await stream.next();
    return stream;
  };
  const revoked = await make('revoked');
  const expiring = await make('expiring', { expires_at: new Date(rig.behaviour.now + 60_000).toISOString() });
  const rotated = await make('rotated');
  const kept = await open((await make('kept')).text);
  const streams = [await open(revoked.text), await open(expiring.text), await open(rotated.text)];
  const { text } = await rotateToken(rig.deps, 'rotated', { overlapS: 30 });
  const renewed = await open(text);
  await tokens.commit(revoked.token.id, (current) => ({
    ...(current ?? revoked.token),
    revokedAt: '2026-03-01T00:00:00.000Z',
  }));
  rig.behaviour.now += 60_000;
  const ended = (stream: (typeof streams)[number]) => stream.next().catch(() => undefined);
  t.same(await Promise.all(streams.map(ended)), [undefined, undefined, undefined], 'cut off');
  await rig.change('default/12345', ({ jobs }) => ({
    jobs: jobs.map((one) => ({ ...one, status: 'completed', endedAt: '2026-03-01T12:00:00.000Z' })),
  }));
  for (const stream of [kept, renewed])
    t.match(await stream.next(), { event: 'status', data: { status: 'completed' } }, 'the others read on');
});
