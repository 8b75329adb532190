import t from 'tap';
import { JOB_KINDS, kindData } from '../../src/model/job-kinds.js';
import { agentFlow } from '../../src/modules/kit/agent-flow.js';
import { fakeStep } from '../fakes/step-context.js';

const { service } = fakeStep({}).context;
const whole = { guest: service.guest, site: service.site };

t.test('there is a flow for each kind that the agent can do by itself, and for no other', (t) => {
  for (const kind of Object.keys(JOB_KINDS))
    t.equal(agentFlow(kind, whole) !== undefined, kindData(kind).agentCan, kind);
  t.equal(agentFlow('constructor', whole), undefined);
  t.end();
});

t.test('it does what a service has, in the order that is left', (t) => {
  t.same(Object.keys(agentFlow('delete', whole) ?? {}).sort(), ['container', 'dns', 'ha', 'proxy']);
  const guestOnly = agentFlow('restore', { ...whole, site: null }) ?? {};
  t.same(Object.keys(guestOnly).sort(), ['ha', 'start']);
  t.same(guestOnly['ha']?.after, ['start']);
  t.same(agentFlow('delete', { guest: null, site: null }), {}, 'it is recorded alone');
  for (const kind of ['unsuspend', 'restore'])
    t.notOk('site' in (agentFlow(kind, whole) ?? {}), 'the software of the site is not changed');
  t.end();
});
