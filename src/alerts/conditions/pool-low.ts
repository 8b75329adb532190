/** Few addresses, VMIDs or places on servers are free. */
import type { AlertSpec } from '../../model/alert.js';
import { innkeeper } from '../../kernel/command-line.js';
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
      return [
        {
          kind: 'pool_low',
          subject: pool,
          ...OF_AGENT,
          text: `${nameOf(pool)} is almost used up: ${used} of ${total} are in use.`,
          commands: commandsOf(pool),
          data: { used, total },
        },
      ];
    });

const ofServers = (pool: string): RegExpExecArray | null => /^servers ([a-z]+\/[a-z0-9-]+) (.+)$/.exec(pool);

function nameOf(pool: string): string {
  if (pool === 'vmids') return 'The VMID range';
  const [, module, group] = ofServers(pool) ?? [];
  return module === undefined
    ? `The address pool ${pool}`
    : `The room on the servers of the module ${module} in the group ${group ?? ''}`;
}

function commandsOf(pool: string): [string, ...string[]] {
  const [, module] = ofServers(pool) ?? [];
  if (module !== undefined)
    return [innkeeper(['module', 'server', 'list', module]), '# add a server, or raise its --max-accounts'];
  const key =
    pool === 'vmids'
      ? 'extend the range container_host.proxmox.vmids'
      : 'extend a range in addresses.pools, or add a pool';
  return [`# in the configuration, ${key}; then`, 'systemctl restart innkeeper'];
}
