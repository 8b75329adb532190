/** A container holds a lock that no task holds any more. */
import type { AlertSpec } from '../../model/alert.js';
import { type MakeCondition } from '../condition.js';

export const lockLeft: MakeCondition = (sources) => () =>
  sources.leftLocks().map(({ key, leftLock: { vmid, node, lock, commands } }): AlertSpec => {
    const [panel = null, serviceId = null] = key.split('/');
    return {
      kind: 'lock_left',
      subject: String(vmid),
      panel,
      serviceId,
      text: `Container ${vmid} on ${node} is locked ("${lock}"), and no task works on it: every change of it is refused.`,
      commands: [`# on ${node}:`, ...commands],
      data: { vmid, node, lock },
    };
  });
