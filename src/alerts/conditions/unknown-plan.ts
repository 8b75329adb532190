/** A panel orders a plan that is not configured. */
import type { AlertRecord, AlertWish } from '../../model/alert.js';
import { DAY_MS, type MakeCondition } from '../condition.js';

/** After a restart nobody remembers when it was last: then the day counts from when it was raised. */
export const unknownPlan: MakeCondition =
  ({ unknownPlans, clock }) =>
  (active) => {
    const recent = [...unknownPlans()].filter(([, { at }]) => clock.now() - at < DAY_MS);
    const others = active.filter(
      ({ subject, raisedAt }) =>
        !recent.some(([panel]) => panel === subject) && clock.now() - Date.parse(raisedAt) < DAY_MS,
    );
    return [
      ...recent.map(([panel, { plan }]) => wishOf(panel, plan)),
      ...others.map(({ subject, data }) => wishOf(subject, planIn(data))),
    ];
  };

const planIn = ({ plan }: AlertRecord['data']): string => (typeof plan === 'string' ? plan : '?');

function wishOf(panel: string, plan: string): AlertWish {
  return {
    kind: 'unknown_plan',
    subject: panel,
    panel,
    serviceId: null,
    text: `Panel ${panel} orders the plan "${plan}", which is not configured.`,
    commands: [
      '# in the configuration: plans, this name or an alias; or correct the product in the panel; then',
      'systemctl restart innkeeper',
    ],
    data: { plan },
  };
}
