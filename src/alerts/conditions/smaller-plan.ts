/** A smaller plan was applied, but the service still uses more of a resource than the plan allows. */
import type { AlertSpec } from '../../model/alert.js';
import { innkeeper } from '../../kernel/command-line.js';
import type { Service } from '../../model/service.js';
import { excessNow, staysSentence } from '../../model/upgrade.js';
import { DAY_MS, type MakeCondition } from '../condition.js';

const TOLD_FOR_MS = 7 * DAY_MS;

export const smallerPlan: MakeCondition =
  ({ state, clock }) =>
  async () => {
    const specs: AlertSpec[] = [];
    for (const { key, smallerPlanAt } of [...state.services.entries()]) {
      if (smallerPlanAt === null || clock.now() - Date.parse(smallerPlanAt) >= TOLD_FOR_MS) continue;
      const service = await state.services.find(key).catch(() => undefined);
      if (service && service.lifecycle !== 'terminated') specs.push(...specOf(service));
    }
    return specs;
  };

function specOf(service: Service): AlertSpec[] {
  const { panel, id, plan } = service;
  const excess = excessNow(service);
  if (excess.length === 0) return [];
  return [
    {
      kind: 'smaller_plan',
      subject: `${panel}/${id}`,
      panel,
      serviceId: id,
      text:
        `Service ${id} was changed to a smaller plan. ` +
        excess.map((one) => staysSentence(one, plan.name)).join(' '),
      commands: [innkeeper(['service', 'show', id], panel)],
      data: { plan: plan.name, excess: excess.map((one) => ({ ...one })) },
    },
  ];
}
