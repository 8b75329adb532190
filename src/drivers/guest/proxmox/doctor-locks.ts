/** Checks for containers that cannot be changed because a task that failed or was killed left its lock behind. */
import type { LeftLock } from '../../../model/actual-state.js';
import type { ProxmoxExaminer } from './examine.js';
import { type Check, ok, type Verdict, wrong } from '../../shared/doctor/check.js';

/** The time limit of the check. In a cluster with thousands of containers, the check takes some time. */
const WITHIN_MS = 60_000;

interface Parts {
  readonly config: { readonly agent: { readonly id: string } };
  readonly pve: Pick<ProxmoxExaminer, 'leftLocks'>;
}

export function lockChecks({ config, pve }: Parts): Check[] {
  return [
    {
      name: 'locks',
      title: "locks on the agent's containers",
      after: ['container_host.token', 'nodes'],
      look: ['grep -l ^lock: /etc/pve/nodes/*/lxc/*.conf   # on a node'],
      withinMs: WITHIN_MS,
      run: async (signal) => judgeLocks(await pve.leftLocks(config.agent.id, signal)),
    },
  ];
}

function judgeLocks(left: readonly LeftLock[]): Verdict {
  if (left.length === 0) return ok('no container has a leftover lock');
  const words = left.map(({ vmid, node, lock }) => `${vmid} on ${node} ("${lock}")`);
  return wrong(
    `locked although no task is using them: ${words.join(', ')}`,
    ...left.flatMap(({ node, commands }) => commands.map((command) => `${command}   # on ${node}`)),
  );
}
