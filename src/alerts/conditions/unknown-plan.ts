/** A panel ordered a plan that is not configured. */
import type { MakeCondition } from '../condition.js';
import { recentNotice } from './recent-notice.js';

export const unknownPlan: MakeCondition = (sources) =>
  recentNotice('unknown_plan', sources, (panel, { plan }) => ({
    text: `Panel ${panel} ordered the plan "${plan}", which is not configured.`,
    commands: [
      '# in the configuration: plans, this name or an alias; or correct the product in the panel; then',
      'systemctl restart innkeeper',
    ],
  }));
