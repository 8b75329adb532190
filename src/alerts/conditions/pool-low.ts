/** Few addresses or VMIDs are free. */
import type { AlertSpec } from '../../model/alert.js';
import { type MakeCondition, OF_AGENT } from '../condition.js';

/** The alert is cleared when the usage is this many percentage points below the limit. */
const POOL_EASE = 5;

export const poolLow: MakeCondition =
  ({ config, pools }) =>
  (active) =>
    pools().flatMap(({ pool, used, total }): AlertSpec[] => {
      const raised = active.some(({ subject }) => subject === pool);
      const limit = config.alerts.pool_percent - (raised ? POOL_EASE : 0);
      if (total === 0 || (used / total) * 100 < limit) return [];
      const key =
        pool === 'vmids'
          ? 'extend the range container_host.proxmox.vmids'
          : 'extend a range in addresses.pools, or add a pool';
      return [
        {
          kind: 'pool_low',
          subject: pool,
          ...OF_AGENT,
          text: `${pool === 'vmids' ? 'The VMID range' : `The address pool ${pool}`} is almost used up: ${used} of ${total} are in use.`,
          commands: [`# in the configuration, ${key}; then`, 'systemctl restart innkeeper'],
          data: { used, total },
        },
      ];
    });
