/** A panel exceeded the deletion limit per hour. */
import type { AlertSpec } from '../../model/alert.js';
import { innkeeper } from '../../kernel/command-line.js';
import { FOR_RELEASE } from '../../model/job.js';
import type { MakeCondition } from '../condition.js';

export const deletionsHeld: MakeCondition =
  ({ state, config }) =>
  () => {
    const held = new Map<string, string[]>();
    for (const { panel, openJobs } of state.services.entries()) {
      const waiting = openJobs.find(({ waitsFor }) => waitsFor === FOR_RELEASE);
      if (waiting) held.set(panel, [...(held.get(panel) ?? []), waiting.id]);
    }
    return [...held].map(([panel, jobs]): AlertSpec => {
      const brake = config.deletion.brake;
      return {
        kind: 'deletion_brake',
        subject: panel,
        panel,
        serviceId: null,
        text:
          `Panel ${panel} requested more than ${brake} deletions within an hour. ` +
          'Further deletions are held until an operator releases them. ' +
          'A deletion that was not intended can be cancelled.',
        commands: [
          innkeeper(['job', 'list', '--status', 'waiting'], panel),
          ...jobs
            .slice(0, 1)
            .flatMap((id) => [
              `${innkeeper(['job', 'retry', id], panel)}   # releases this deletion`,
              `${innkeeper(['job', 'cancel', id], panel)}   # keeps this site`,
            ]),
        ],
        data: { held: jobs.length, brake },
      };
    });
  };
