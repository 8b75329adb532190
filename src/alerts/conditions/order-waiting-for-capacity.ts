/** Orders wait for an address, a container number or a node with room. One alert for all of them. */
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
      text: `${countOf(waiting)} for capacity: ${words}. They go on by themselves once there is some, and fail when create.patience_s has passed.`,
      commands: [
        'innkeeper doctor',
        '# in the configuration: addresses.pools and container_host.proxmox.vmids, longer ranges; then',
        'systemctl restart innkeeper',
      ],
      data: { orders: waiting.orders, said: words },
    },
  ];
};
