/** A system does not respond. */
import type { AlertSpec } from '../../model/alert.js';
import { type MakeCondition, OF_AGENT } from '../condition.js';

const DOWN_MS = 300_000;

export const systemDown: MakeCondition = ({ circuits, clock }) => {
  /**
   * Maps a system's name to the time when it began to fail (epoch ms). The time of the circuit itself is not used,
   * because it starts again with every probe.
   */
  const down = new Map<string, number>();
  return () => {
    // A system that refuses the agent is left out, because a separate alert reports it.
    const sick = circuits().filter(({ state, refusal }) => state !== 'closed' && refusal === null);
    for (const name of down.keys()) if (!sick.some((one) => one.name === name)) down.delete(name);
    return sick.flatMap(({ name, role, since }): AlertSpec[] => {
      const from = down.get(name) ?? Date.parse(since);
      down.set(name, from);
      if (clock.now() - from < DOWN_MS) return [];
      return [
        {
          kind: 'system_down',
          subject: name,
          ...OF_AGENT,
          text: `The ${role} (${name}) does not respond; jobs wait for it.`,
          commands: ['innkeeper doctor'],
          data: { role, since: new Date(from).toISOString() },
        },
      ];
    });
  };
};
