/** A job can neither continue nor be rolled back. */
import type { AlertSpec } from '../../model/alert.js';
import { whyOf } from '../../kernel/cause.js';
import { innkeeper } from '../../kernel/command-line.js';
import type { MakeCondition } from '../condition.js';

export const jobStuck: MakeCondition =
  ({ state }) =>
  async () => {
    const specs: AlertSpec[] = [];
    for (const entry of [...state.services.entries()].filter(({ stuck }) => stuck)) {
      const service = await state.services.find(entry.key).catch(() => undefined);
      for (const job of service?.jobs.filter(({ status }) => status === 'stuck') ?? [])
        specs.push({
          kind: 'job_stuck',
          subject: job.id,
          panel: entry.panel,
          serviceId: entry.id,
          text: `The operation ${job.method} on service ${entry.id} is stuck: an operator must finish it.${whyOf(job.error)}`,
          commands: [
            innkeeper(['job', 'show', job.id], entry.panel),
            innkeeper(['service', 'retry', entry.id], entry.panel),
          ],
          data: {
            job_id: job.id,
            method: job.method,
            code: job.error?.code ?? null,
            step: job.error?.step || null,
          },
        });
    }
    return specs;
  };
