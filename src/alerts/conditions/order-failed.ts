/** What a customer has ordered failed and was taken back: paid for, and not there. */
import type { AlertWish } from '../../domain/alert.js';
import { whyOf } from '../../domain/cause.js';
import { innkeeper } from '../../domain/command-line.js';
import { failedOrders } from '../../domain/failed-order.js';
import type { Job } from '../../domain/job.js';
import type { Service } from '../../domain/service.js';
import type { MakeCondition } from '../condition.js';

export const orderFailed: MakeCondition =
  ({ state }) =>
  async () => {
    const wishes: AlertWish[] = [];
    for (const { key } of [...state.services.entries()].filter(({ failedOrder }) => failedOrder)) {
      const service = await state.services.find(key).catch(() => undefined);
      if (service) wishes.push(...failedOrders(service).map((job) => wishOf(service, job)));
    }
    return wishes;
  };

function wishOf(service: Service, job: Job): AlertWish {
  const { panel, id } = service;
  return {
    kind: 'order_failed',
    subject: job.id,
    panel,
    serviceId: id,
    text: `${orderIn(service, job)} failed and was taken back.${whyOf(job.error)}`,
    commands: [innkeeper(['job', 'show', job.id], panel), innkeeper(['service', 'retry', id], panel)],
    data: {
      job_id: job.id,
      method: job.method,
      code: job.error?.code ?? null,
      step: job.error?.step || null,
    },
  };
}

function orderIn({ id, plan }: Service, { method, pinned }: Job): string {
  if (method === 'create') return `The order of site ${id} (${plan.name})`;
  if (method === 'restore') return `The return of the deleted site ${id}`;
  if (method === 'upgrade') return `The upgrade of service ${id} to ${pinned.plan.name}`;
  return `The end of the suspension of service ${id}`;
}
