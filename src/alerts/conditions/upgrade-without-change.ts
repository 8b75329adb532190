/**
 * A panel orders an upgrade that changes nothing: often it sends a billing cycle's name, the same for every product.
 */
import { innkeeper } from '../../kernel/command-line.js';
import type { MakeCondition } from '../condition.js';
import { recentNotice } from './recent-notice.js';

export const upgradeWithoutChange: MakeCondition = (sources) =>
  recentNotice('upgrade_without_change', sources, (panel, { plan, service = '' }) => ({
    text:
      `Panel ${panel} ordered an upgrade of service ${service} to "${plan}", which it has already. ` +
      'The customer may have paid for another plan: check which name the product in the panel sends.',
    commands: [innkeeper(['service', 'show', service], panel)],
  }));
