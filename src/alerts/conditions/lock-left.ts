/** A container still has a lock although the task that set the lock has ended. */
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
      text:
        `Container ${vmid} on ${node} is locked ("${lock}"), but no task is using the lock. ` +
        'Every change to the container is refused.',
      commands: [`# on ${node}:`, ...commands],
      data: { vmid, node, lock },
    };
  });
