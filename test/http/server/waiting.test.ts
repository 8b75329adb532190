import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import t, { type Test } from 'tap';
import { AgentError } from '../../../src/kernel/errors.js';
import type { Job } from '../../../src/model/job.js';
import { answerError } from '../../../src/http/server/errors.js';
import { readPrefer } from '../../../src/http/server/prefer.js';
import { answerJob } from '../../../src/http/server/waiting.js';
import { makeJobFeed } from '../../../src/jobs/manage/job-feed.js';
import { handClock } from '../../fakes/clock.js';
import { asObject, makeRig, ORDER } from '../harness.js';
import type { Changes } from '../../fakes/parts.js';

/** A server with one call that waits for the creation of service 12345, on real state and a clock turned by hand. */
async function waiter(t: Test) {
  const rig = await makeRig();
  const clock = handClock();
  const jobFeed = makeJobFeed(rig.state.services);
  const stop = new AbortController();
  await rig.call('POST', '/create-site', ORDER);
  const app = fastify();
  const settled: string[] = [];
  app.setErrorHandler(answerError);
  app.post('/wait', async (request, reply) => {
    const service = await rig.state.services.get('default/12345');
    const [job] = service.jobs;
    if (!job) throw new Error('no job');
    const { state, watch } = rig.deps;
    const context = { state, watch, clock, jobFeed, stopping: stop.signal };
    const answer = await answerJob(context, request, reply, { service, job }, (now) => ({
      plan: now.plan.name,
      subdomain: now.site?.subdomain,
    }));
    settled.push(JSON.stringify(answer));
    return answer;
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  t.teardown(async () => {
    app.server.closeAllConnections();
    await app.close();
    jobFeed.close();
    await rig.close();
  });
  const call = async (prefer?: string) => {
    const answer = await fetch(`http://127.0.0.1:${port}/wait`, {
      method: 'POST',
      headers: prefer === undefined ? {} : { prefer },
    });
    return {
      status: answer.status,
      body: asObject(await answer.text()),
      applied: answer.headers.get('preference-applied'),
    };
  };
  const become = (also: Partial<Job>, service: Changes = {}) =>
    rig.change('default/12345', ({ jobs }) => ({
      jobs: jobs.map((job) => ({ ...job, ...also })),
      ...service,
    }));
  const until = async (wanted: () => boolean): Promise<void> => {
    while (!wanted()) await new Promise((resolve) => setTimeout(resolve, 2));
  };
  return { rig, clock, stop, call, become, port, settled, until };
}

const COMPLETED = { status: 'completed', endedAt: '2026-03-01T12:01:00.000Z' } as const;

t.test('a call answers when its job has ended well, with what is true then', async (t) => {
  const { call, become, until, clock } = await waiter(t);
  const answer = call();
  await until(() => clock.sleepers === 1);
  await become({ status: 'running' });
  t.equal(clock.sleepers, 1, 'a step on the way does not end the waiting');
  await become(COMPLETED, { lifecycle: 'active' });
  t.match(await answer, {
    status: 200,
    body: { success: true, service_id: '12345', plan: 'basic', subdomain: 'customer', job_id: /-/ },
    applied: null,
  });
  await until(() => clock.sleepers === 0);
  t.match(await call('respond-async'), { status: 200 }, 'an ended job is told at once');
});

t.test('a job that ended badly is told with its sentence and nothing of what lies behind', async (t) => {
  const { call, become, until, clock } = await waiter(t);
  const answer = call();
  await until(() => clock.sleepers === 1);
  const error = {
    code: 'dns_failed',
    message: 'DNS did not take the record.',
    detail: 'HTTP 422 from 10.9.9.9',
    retryable: false,
  } as const;
  await become({ status: 'failed', error, endedAt: COMPLETED.endedAt });
  const told = await answer;
  t.match(told, { status: 502, body: { success: false, code: 'dns_failed', error: error.message } });
  t.notMatch(JSON.stringify(told.body), /10\.9/);
  await become({ status: 'cancelled' });
  t.match(await call(), { status: 409, body: { code: 'service_busy' } });
  await become({}, { lifecycle: 'failed' });
  t.match(
    await call(),
    { status: 409, body: { code: 'service_failed', error: /could not be created/ } },
    'what waited behind a creation that failed was not overtaken',
  );
});

t.test('after 20 s, at a wish of its own, or at once: the call ends and its job goes on', async (t) => {
  const { call, clock, until } = await waiter(t);
  const accepted = {
    status: 202,
    body: { success: true, service_id: '12345', status: 'processing', job_id: /-/ },
  };
  const patient = call();
  await until(() => clock.sleepers === 1);
  await clock.turn(20_000);
  t.match(await patient, accepted);
  const short = call('wait=3');
  await until(() => clock.sleepers === 1);
  await clock.turn(2_999);
  t.equal(clock.sleepers, 1);
  await clock.turn(1);
  t.match(await short, { ...accepted, applied: 'wait=3' });
  const long = call('wait=600');
  await until(() => clock.sleepers === 1);
  await clock.turn(20_000);
  t.match(await long, { ...accepted, applied: 'wait=20' });
  t.match(await call('respond-async'), { ...accepted, applied: 'respond-async' });
  t.match(await call('handling=strict, wait=0'), { ...accepted, applied: 'wait=0' });
  t.equal(clock.sleepers, 0);
});

t.test('a stop of the daemon and a caller who hangs up end the waiting', async (t) => {
  const { call, clock, until, stop, port, settled } = await waiter(t);
  const caller = httpRequest({ port, host: '127.0.0.1', path: '/wait', method: 'POST' });
  caller.on('error', () => {});
  caller.end();
  await until(() => clock.sleepers === 1);
  caller.destroy();
  await until(() => settled.length === 1);
  t.equal(clock.sleepers, 0);
  const answer = call();
  await until(() => clock.sleepers === 1);
  stop.abort(new AgentError('shutting_down', 'The agent is stopping.'));
  t.match(await answer, { status: 202 });
  t.match(await call(), { status: 202 });
});

t.test('the header Prefer is read as RFC 7240 says', async (t) => {
  const cases: [string | undefined, number | undefined, string | undefined][] = [
    [undefined, undefined, undefined],
    ['', undefined, undefined],
    ['respond-async', 0, 'respond-async'],
    ['Respond-Async', 0, 'respond-async'],
    ['wait=10', 10_000, 'wait=10'],
    ['wait = "7"', 7000, 'wait=7'],
    ['respond-async, wait=5', 5000, 'respond-async, wait=5'],
    ['return=minimal; foo="a b", wait=5', 5000, 'wait=5'],
    ['wait=5, wait=9', 5000, 'wait=5'],
    ['wait=-1', undefined, undefined],
    ['wait=soon', undefined, undefined],
    ['wait', undefined, undefined],
    [', ,=,;', undefined, undefined],
  ];
  for (const [header, waitMs, applied] of cases) {
    const prefer = readPrefer(header);
    t.same([prefer.waitMs, prefer.applied(false)], [waitMs, applied], String(header));
  }
  t.equal(readPrefer('respond-async').applied(true), undefined);
});
