import t from 'tap';
import { abandonJob } from '../../../src/jobs/manage/abandon-job.js';
import { AgentError } from '../../../src/kernel/errors.js';
import type { Thing } from '../../../src/model/flow.js';
import type { OperationContext } from '../../../src/services/context.js';
import { ADMIN, operations } from '../../fakes/operations.js';
import type { Changes } from '../../fakes/parts.js';
import { aJob, aService, aStep } from '../../fakes/samples.js';

const THINGS: readonly Thing[] = ['container', 'ha', 'snapshot', 'dns', 'proxy'];
const STEPS = THINGS.map((thing) => aStep(`make-${thing}`, { concerns: thing, status: 'done', begun: 1 }));

/** A stuck creation that may have left one of each; `systems` answer what is still there. */
function stuck(systems: Partial<OperationContext['drivers']> = {}, also: Changes = {}) {
  const job = aJob({ id: 'job-1', status: 'stuck', direction: 'undo', steps: STEPS });
  const made = operations(aService({ jobs: [job], ...also }));
  const { context } = made;
  return { ...made, context: { ...context, drivers: { ...context.drivers, ...systems } } };
}

async function remains({ context, service }: ReturnType<typeof stuck>): Promise<(Thing | null)[]> {
  const { guest } = await service();
  const { job } = await abandonJob(context, ADMIN, 'job-1');
  t.match(job, { status: 'failed', abandonedAt: /Z$/ });
  const remain = (job.remains ?? []).map(({ thing }) => thing);
  const freed = { ...guest, addresses: [], vmid: null };
  t.same(
    (await service()).guest,
    remain.length > 0 ? guest : freed,
    'it keeps its claims while anything remains',
  );
  return remain;
}

t.test('nothing remains where no system has anything', async (t) => {
  t.same(await remains(stuck()), []);
});

t.test('what a system still has remains', async (t) => {
  const { guest, proxy } = operations().context.drivers;
  const found: unknown = { vmid: 1000 };
  const here = async (): Promise<never> => found as never;
  t.same(await remains(stuck({ guest: { ...guest, find: here } })), ['container', 'ha', 'snapshot']);
  t.same(await remains(stuck({ proxy: { ...proxy, find: here } })), ['proxy']);
});

t.test('a container without a number cannot be looked up, and does not exist', async (t) => {
  const { guest } = operations().context.drivers;
  const find = async (): Promise<never> => t.fail('looked up') as never;
  t.same(await remains(stuck({ guest: { ...guest, find } }, { vmid: null })), []);
});

t.test('what cannot be checked counts as existing', async (t) => {
  const { guest, dns, proxy } = operations().context.drivers;
  const find = async (): Promise<never> => {
    throw new AgentError('container_host_unreachable', 'The container host does not respond.');
  };
  const silent = { guest: { ...guest, find }, dns: { ...dns, find }, proxy: { ...proxy, find } };
  t.same(await remains(stuck(silent)), [...THINGS]);
});
