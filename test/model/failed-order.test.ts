import t from 'tap';
import { failedOrders, isOrder } from '../../src/model/failed-order.js';
import type { Job } from '../../src/model/job.js';
import type { Changes } from '../fakes/parts.js';
import { aJob, aService } from '../fakes/samples.js';

const deletion = { requestedAt: '', purgeAt: '' };
const failed = (method: Job['method'], also: Partial<Job> = {}): Job =>
  aJob({ method, status: 'failed', ...also });
const orders = (service: Changes, ...jobs: Job[]): string[] =>
  failedOrders(aService({ ...service, jobs })).map(({ method }) => method);

t.test(
  'a failed order waits for somebody as long as the service stands as the failure left it',
  async (t) => {
    const held = { lifecycle: 'terminated', deletion } as const;
    for (const [method, service, waits] of [
      ['create', { lifecycle: 'failed' }, true],
      ['create', { lifecycle: 'creating' }, false],
      ['create', { lifecycle: 'active' }, false],
      ['create', held, false],
      ['restore', held, true],
      ['restore', { ...held, vmid: null }, false],
      ['restore', { lifecycle: 'active' }, false],
      ['upgrade', { lifecycle: 'active' }, true],
      ['upgrade', { lifecycle: 'suspended' }, true],
      ['upgrade', { lifecycle: 'failed' }, false],
      ['unsuspend', { lifecycle: 'active' }, true],
      ['unsuspend', { lifecycle: 'suspended' }, true],
      ['unsuspend', held, false],
      ['suspend', { lifecycle: 'active' }, false],
      ['start', { lifecycle: 'active' }, false],
    ] as const)
      t.same(orders(service, failed(method)), waits ? [method] : [], `${method}, ${service.lifecycle}`);
  },
);

t.test('it waits no more once it is made again, given up, or the site is being removed', async (t) => {
  const active = { lifecycle: 'active' } as const;
  const upgrade = failed('upgrade');
  t.same(orders(active, upgrade, aJob({ method: 'upgrade' })), []);
  t.same(orders(active, upgrade, aJob({ method: 'unsuspend' })), ['upgrade'], 'another order is under way');
  t.same(orders(active, upgrade, aJob({ method: 'upgrade', status: 'completed' })), ['upgrade']);
  t.same(orders(active, upgrade, aJob({ method: 'delete' })), []);
  t.same(orders(active, upgrade, aJob({ method: 'delete', status: 'stuck' })), []);
  t.same(orders(active, upgrade, aJob({ method: 'delete', status: 'failed' })), ['upgrade']);
  t.same(orders(active, upgrade, aJob({ method: 'suspend', status: 'stuck' })), ['upgrade']);
  t.same(orders(active, failed('unsuspend'), upgrade), ['unsuspend', 'upgrade'], 'the oldest first');
});

t.test('only a failure that nobody has given up is one of an order', async (t) => {
  t.ok(isOrder(failed('create')));
  t.notOk(isOrder(failed('create', { abandonedAt: '' })));
  t.notOk(isOrder(failed('delete')));
  t.notOk(isOrder(aJob({ status: 'stuck' })));
});
