/** The wall clock jumped, and nobody has said that it is right. */
import { duration } from '../../kernel/format-units.js';
import { type MakeCondition, OF_AGENT } from '../condition.js';

const STOPPED = 'Nothing is purged, erased or given up by date until it is right again or confirmed.';

export const clockJump: MakeCondition =
  ({ clockDoubt }) =>
  () => {
    const doubt = clockDoubt();
    if (!doubt) return [];
    const off = duration(Math.abs(doubt.offMs) / 1000);
    const what = {
      ahead: `The clock of this machine went ${off} further than time did.`,
      behind: `The clock of this machine is ${off} behind the time that it has shown before.`,
      long_off: `The clock of this machine is ${off} ahead of its last known time: it was off for so long, or the clock is wrong.`,
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
