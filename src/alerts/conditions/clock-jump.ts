/** The wall clock has jumped, and the new time has not been confirmed. */
import { duration } from '../../kernel/format-units.js';
import { type MakeCondition, OF_AGENT } from '../condition.js';

const STOPPED =
  'Until the clock is correct or an operator confirms it, the agent deletes no expired data and fails no old job.';

export const clockJump: MakeCondition =
  ({ clockDoubt }) =>
  () => {
    const doubt = clockDoubt();
    if (!doubt) return [];
    const off = duration(Math.abs(doubt.offMs) / 1000);
    const what = {
      ahead: `The clock of this machine advanced ${off} more than the time that has really passed.`,
      behind: `The clock of this machine is ${off} behind the time that it showed before.`,
      long_off: `The clock of this machine is ${off} ahead of its last known time: the machine was off for that time, or the clock is wrong.`,
    }[doubt.kind];
    return [
      {
        kind: 'clock_jump',
        subject: 'clock',
        ...OF_AGENT,
        text: `${what} ${STOPPED}`,
        commands: ['timedatectl', 'innkeeper clock', 'innkeeper clock confirm'],
        data: {
          kind: doubt.kind,
          off_s: Math.round(doubt.offMs / 1000),
          expected: new Date(doubt.expected).toISOString(),
        },
      },
    ];
  };
