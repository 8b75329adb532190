import t from 'tap';
import { AgentError } from '../../../src/kernel/errors.js';
import type { ClockView } from '../../../src/model/clock-doubt.js';
import { makeRig, NOW } from '../harness.js';

t.test('the operator sees what is the matter with the clock, and confirms it', async (t) => {
  const rig = await makeRig('socket');
  t.teardown(() => rig.close());
  const doubt = { kind: 'ahead', offMs: 691_200_400, expected: NOW } as const;
  let view: ClockView = { trusted: false, wall: NOW + doubt.offMs, agent: NOW, doubt };
  let works = false;
  Object.assign(rig.deps.timekeeper, {
    view: () => view,
    confirm: async () => {
      if (!works) throw new AgentError('state_unavailable', 'The clock is trusted now, but not on record.');
      return (view = { trusted: true, wall: NOW, agent: NOW, doubt: undefined });
    },
  });
  t.match(await rig.call('GET', '/clock', undefined, ''), {
    status: 200,
    body: {
      ...{ success: true, trusted: false, doubt: 'ahead', off_s: 691_200 },
      ...{ host_time: '2026-03-09T12:00:00.400Z', agent_time: '2026-03-01T12:00:00.000Z' },
    },
  });
  t.match(await rig.call('POST', '/clock/confirm', undefined, ''), { status: 503 });
  works = true;
  t.match(await rig.call('POST', '/clock/confirm', undefined, ''), {
    status: 200,
    body: { trusted: true, doubt: null, off_s: null },
  });
  const network = await rig.beside('network');
  const headers = { authorization: `Bearer ${rig.tokens.admin}` };
  t.equal((await network.inject({ url: '/clock', headers })).statusCode, 404, 'not over the network');
});
