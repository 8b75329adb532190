/** A system behind the agent does not answer. */
import type { AlertSpec } from '../../model/alert.js';
import { type MakeCondition, OF_AGENT } from '../condition.js';

const DOWN_MS = 300_000;

export const systemDown: MakeCondition = ({ circuits, clock }) => {
  /** Name of a system -> since when (epoch ms) it was not well: a circuit's own time begins again with every probe. */
  const down = new Map<string, number>();
  return () => {
    // one that refuses the agent has an alert of its own
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
          text: `The ${role} (${name}) does not answer; jobs wait for it.`,
          commands: ['innkeeper doctor'],
          data: { role, since: new Date(from).toISOString() },
        },
      ];
    });
  };
};
