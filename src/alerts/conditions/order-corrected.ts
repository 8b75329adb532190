/** A panel sent an order whose properties have wrong values. The defaults of the product are used instead. */
import { innkeeper } from '../../kernel/command-line.js';
import type { MakeCondition } from '../condition.js';
import { recentNotice } from './recent-notice.js';

export const orderCorrected: MakeCondition = (sources) =>
  recentNotice('order_corrected', sources, (panel, { plan, service = '' }) => ({
    text:
      `Panel ${panel} ordered service ${service} (plan ${plan}) with wrong properties: their defaults are used. ` +
      'The customer may have paid for other values: compare the order in the panel with the service.',
    commands: [innkeeper(['service', 'show', service], panel)],
  }));
