/** The world differs from what the records say. */
import type { AlertSpec } from '../../model/alert.js';
import { type MakeCondition, OF_AGENT } from '../condition.js';

export const drift: MakeCondition = (sources) => () =>
  sources
    .drift()
    // locks have an alert of their own, with the commands
    .filter(({ kind, services }) => services > 0 && kind !== 'lock')
    .map(({ kind, services }): AlertSpec => ({
      kind: 'drift',
      subject: kind,
      ...OF_AGENT,
      text: `${services} services differ from their records: ${kind}.`,
      commands: ['innkeeper reconcile --dry-run'],
      data: { services },
    }));
