/**
 * Orders wait for an address, a VMID, a node with enough capacity or a server with room. One alert covers all of them.
 */
import { type MakeCondition, OF_AGENT } from '../condition.js';
import { countOf, waitingFor, wordsOf } from './order-waiting.js';

export const orderWaitingForCapacity: MakeCondition = (sources) => async () => {
  const [waiting] = (await waitingFor(sources, (lack) => lack === 'capacity_exhausted')).values();
  if (!waiting) return [];
  const words = wordsOf(waiting);
  return [
    {
      kind: 'order_waiting_for_capacity',
      subject: 'capacity',
      ...OF_AGENT,
      text:
        `${countOf(waiting)} for capacity: ${words}. ` +
        'The orders continue automatically once capacity is available, and fail after create.patience_s.',
      commands: [
        'innkeeper doctor',
        '# in the configuration, extend addresses.pools and container_host.proxmox.vmids; then',
        'systemctl restart innkeeper',
        '# or, if servers are full, add one: innkeeper module server add --help',
      ],
      data: { orders: waiting.orders, said: words },
    },
  ];
};
