/** A panel ordered a plan that is not configured. */
import type { MakeCondition } from '../condition.js';
import { recentNotice } from './recent-notice.js';

export const unknownPlan: MakeCondition = (sources) =>
  recentNotice('unknown_plan', sources, (panel, { plan }) => ({
    text: `Panel ${panel} ordered the plan "${plan}", which is not configured.`,
    commands: [
      '# add this name or alias to plans in the configuration, or correct the product in the panel; then',
      'systemctl restart innkeeper',
    ],
  }));
