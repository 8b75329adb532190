/** A server on which a product creates accounts does not respond. */
import type { AlertSpec } from '../../model/alert.js';
import { innkeeper } from '../../kernel/command-line.js';
import { type MakeCondition, OF_AGENT } from '../condition.js';

/** A single failed check may be an accident of the network. */
const MOST_FAILURES = 2;

export const serverUnreachable: MakeCondition =
  ({ servers }) =>
  () =>
    servers().flatMap(({ server: { id, name, module }, health }): AlertSpec[] => {
      if (!health || health.failures < MOST_FAILURES) return [];
      const of = `${module.type}/${module.name}`;
      return [
        {
          kind: 'server_unreachable',
          subject: id,
          ...OF_AGENT,
          text: `The server ${name} of the module ${of} does not respond. Why: ${health.problem ?? 'no reason is known'}`,
          commands: [innkeeper(['module', 'server', 'test', of, id])],
          data: { module: of, server: name, since: new Date(health.since).toISOString() },
        },
      ];
    });
