/** A customer's order failed and was rolled back: it is paid for, but not delivered. */
import type { AlertSpec } from '../../model/alert.js';
import { whyOf } from '../../kernel/cause.js';
import { innkeeper } from '../../kernel/command-line.js';
import { failedOrders, type OrderedJob } from '../../model/failed-order.js';
import type { Job } from '../../model/job.js';
import type { OrderedKind } from '../../model/job-kinds.js';
import type { Service } from '../../model/service.js';
import type { MakeCondition } from '../condition.js';

export const orderFailed: MakeCondition =
  ({ state }) =>
  async () => {
    const specs: AlertSpec[] = [];
    for (const { key } of [...state.services.entries()].filter(({ failedOrder }) => failedOrder)) {
      const service = await state.services.find(key).catch(() => undefined);
      if (service) specs.push(...failedOrders(service).map((job) => specOf(service, job)));
    }
    return specs;
  };

function specOf(service: Service, job: OrderedJob): AlertSpec {
  const { panel, id } = service;
  return {
    kind: 'order_failed',
    subject: job.id,
    panel,
    serviceId: id,
    text: `${ORDERS[job.method](service, job)} failed and was rolled back.${whyOf(job.error)}`,
    commands: [innkeeper(['job', 'show', job.id], panel), innkeeper(['service', 'retry', id], panel)],
    data: {
      job_id: job.id,
      method: job.method,
      code: job.error?.code ?? null,
      step: job.error?.step || null,
    },
  };
}

const ORDERS: Readonly<Record<OrderedKind, (service: Service, job: Job) => string>> = {
  create: ({ id, plan }) => `The order for site ${id} (${plan.name})`,
  restore: ({ id }) => `The order to restore the deleted site ${id}`,
  upgrade: ({ id }, { pinned }) => `The upgrade of service ${id} to ${pinned.plan.name}`,
  unsuspend: ({ id }) => `The order to unsuspend service ${id}`,
};
