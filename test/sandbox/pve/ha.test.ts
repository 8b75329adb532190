/** The words and statuses of Proxmox's HA calls, as its own code says them (pve-ha-manager 5.2.0). */
import t from 'tap';
import { fields } from '../../http/harness.js';
import { fixture } from './fixture.js';

const TEMPLATE = '/nodes/pve1/lxc/9001';
const CT = '/nodes/pve1/lxc/101';
const RESOURCES = '/cluster/ha/resources';
const RULES = '/cluster/ha/rules';

t.test('what is not managed cannot be removed, and a rule that is missing can', async (t) => {
  const { ask, task } = await fixture(t);
  await task('POST', `${TEMPLATE}/clone`, { newid: 101 });
  t.match(await ask('DELETE', `${RESOURCES}/ct:101`), {
    status: 500,
    reason: "cannot delete service 'ct:101', not HA managed!",
  });
  t.match(await ask('DELETE', `${RULES}/innkeeper-ct-101`), { status: 200, data: null });
  t.equal((await ask('GET', `${RESOURCES}/ct:101`)).reason, "no such resource 'ct:101'");
  t.equal((await ask('GET', `${RULES}/xx`)).reason, "no such ha rule 'xx'");
});

t.test('a change that fails says which change it was', async (t) => {
  const { ask, task } = await fixture(t);
  await task('POST', `${TEMPLATE}/clone`, { newid: 101 });
  const rule = { type: 'node-affinity', nodes: 'pve1', resources: 'ct:101' };
  const reason = async (...args: Parameters<typeof ask>) => (await ask(...args)).reason;
  t.equal(
    await reason('PUT', `${RESOURCES}/ct:101`, { state: 'started' }),
    "update resources config failed: no such resource 'ct:101'",
  );
  t.equal(
    await reason('POST', RULES, { rule: 'xx', ...rule }),
    'create ha rule failed: cannot use unmanaged resource(s) ct:101.',
  );
  t.equal(await reason('PUT', `${RULES}/xx`, rule), "update HA rules failed: HA rule 'xx' does not exist");
  await ask('POST', RESOURCES, { sid: 'ct:101', state: 'stopped' });
  t.equal(
    await reason('POST', RULES, { rule: 'xx', ...rule, nodes: 'pve9' }),
    'create ha rule failed: cannot use non-existent node(s) pve9.',
  );
  t.equal(
    await reason('PUT', `${RESOURCES}/ct:101`, { state: 'started', digest: 'x' }),
    'update resources config failed: detected modified configuration - file changed by other user? Try again.',
  );
});

t.test('a rule has its place in the list, and its properties depend on its type', async (t) => {
  const { ask, task } = await fixture(t);
  for (const newid of [101, 102]) {
    await task('POST', `${TEMPLATE}/clone`, { newid });
    await ask('POST', RESOURCES, { sid: `ct:${newid}`, state: 'stopped' });
    const rule = { rule: `r${newid}`, type: 'node-affinity', nodes: 'pve1', resources: `ct:${newid}` };
    await ask('POST', RULES, rule);
  }
  t.match((await ask('GET', RULES)).data, [
    { rule: 'r101', order: 1 },
    { rule: 'r102', order: 2 },
  ]);
  t.same((await ask('POST', RULES, { rule: 'r103', type: 'node-affinity' })).errors, {
    'oneOf[node-affinity].resources': 'property is missing and it is not optional',
    'oneOf[node-affinity].nodes': 'property is missing and it is not optional',
  });
  const unknown = 'property is not defined in schema and the schema does not allow additional properties';
  t.same((await ask('PUT', `${RULES}/r101`, { comment: 'x' })).errors, {
    type: 'property is missing and it is not optional',
    comment: unknown,
  });
});

t.test('a service in error is started and stopped by nothing but its way through `disabled`', async (t) => {
  const { ask, task, pve, backend } = await fixture(t, { haMs: 60_000 });
  await task('POST', `${TEMPLATE}/clone`, { newid: 101 });
  await ask('POST', RESOURCES, { sid: 'ct:101', state: 'started' });
  pve.lock(101, 'rollback');
  const state = async () => (await ask('GET', `${CT}/status/current`)).data;
  for (let round = 0; round < 3; round += 1) await pve.settle();
  t.match(await state(), { ha: { state: 'started' } }, 'two starts where it is, two where it would move');
  await pve.settle();
  t.match((await ask('GET', `${CT}/status/current`)).data, { ha: { managed: 1, state: 'error' } });
  pve.lock(101, undefined);
  const inError = "service 'ct:101' in error state, must be disabled and fixed first";
  for (const state of ['started', 'stopped', 'ignored'])
    t.equal((await ask('PUT', `${RESOURCES}/ct:101`, { state })).reason, inError, state);
  t.equal(
    await task('POST', `${CT}/status/start`),
    "command 'ha-manager set ct:101 --state started' failed: exit code 255",
  );
  t.equal((await ask('PUT', `${RESOURCES}/ct:101`, { state: 'disabled' })).status, 200);
  t.equal((await ask('PUT', `${RESOURCES}/ct:101`, { state: 'started' })).reason, inError, 'not yet seen');
  await pve.settle();
  t.equal((await ask('PUT', `${RESOURCES}/ct:101`, { state: 'started' })).status, 200);
  await pve.settle();
  t.equal(await backend.isRunning(101), true);

  pve.lock(101, 'backup');
  await ask('PUT', `${RESOURCES}/ct:101`, { state: 'stopped' });
  await pve.settle();
  t.match((await ask('GET', `${CT}/status/current`)).data, { ha: { state: 'error' } }, 'a lock stops a stop');
});

t.test('the list of the cluster says what the HA manager has made of a container', async (t) => {
  const { ask, task, pve } = await fixture(t);
  await task('POST', `${TEMPLATE}/clone`, { newid: 101 });
  const hastate = async (): Promise<unknown> => {
    await pve.settle();
    const { data } = await ask('GET', '/cluster/resources', { type: 'vm' });
    const rows: unknown[] = Array.isArray(data) ? data : [];
    return rows.map(fields).find(({ vmid }) => vmid === 101)?.['hastate'];
  };
  t.equal(await hastate(), undefined, 'it is not managed');
  await ask('POST', RESOURCES, { sid: 'ct:101', state: 'started' });
  t.equal(await hastate(), 'started');
  pve.lock(101, 'rollback');
  await ask('PUT', `${RESOURCES}/ct:101`, { state: 'stopped' });
  t.equal(await hastate(), 'error', 'a stop that a lock forbids');
  pve.lock(101, undefined);
  await ask('PUT', `${RESOURCES}/ct:101`, { state: 'disabled' });
  t.equal(await hastate(), 'stopped', 'led out');
  await ask('PUT', `${RESOURCES}/ct:101`, { state: 'ignored' });
  t.equal(await hastate(), 'ignored', 'the manager has forgotten it');
});
