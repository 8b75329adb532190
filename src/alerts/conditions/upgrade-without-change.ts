/**
 * A panel orders an upgrade that changes nothing. Often the panel sends the name of a billing cycle instead of a plan,
 * and that name is the same for every product.
 */
import { innkeeper } from '../../kernel/command-line.js';
import type { MakeCondition } from '../condition.js';
import { recentNotice } from './recent-notice.js';

export const upgradeWithoutChange: MakeCondition = (sources) =>
  recentNotice('upgrade_without_change', sources, (panel, { plan, service = '' }) => ({
    text:
      `Panel ${panel} ordered an upgrade of service ${service} to "${plan}", which the service already has. ` +
      'The customer may have paid for a different plan: check in the panel which plan name the product sends.',
    commands: [innkeeper(['service', 'show', service], panel)],
  }));
