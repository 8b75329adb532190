/** The actual state differs from the records. */
import type { AlertSpec } from '../../model/alert.js';
import { type MakeCondition, OF_AGENT } from '../condition.js';

export const drift: MakeCondition = (sources) => () =>
  sources
    .drift()
    // locks are left out, because a separate alert reports them with the commands to remove them
    .filter(({ kind, services }) => services > 0 && kind !== 'lock')
    .map(({ kind, services }): AlertSpec => ({
      kind: 'drift',
      subject: kind,
      ...OF_AGENT,
      text: `The actual state of ${services === 1 ? 'one service' : `${services} services`} differs from the records (${kind}).`,
      commands: ['innkeeper reconcile --dry-run'],
      data: { services },
    }));
