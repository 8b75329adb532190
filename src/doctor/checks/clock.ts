/**
 * Checks whether the wall clock is trusted. While it is not trusted, the agent purges, erases and abandons nothing
 * whose date has come, and operators may not notice this for weeks.
 */
import { type HostTime, hostTime } from '../../clock/host-time.js';
import { markFile, readMark } from '../../clock/mark-file.js';
import { anchorAtStart, doubtOf } from '../../model/clock-doubt.js';
import { duration } from '../../kernel/format-units.js';
import { type Check, ok, type Verdict, wrong } from '../../drivers/shared/doctor/check.js';
import type { DaemonSide, SeenDoubt } from '../parts.js';

export interface ClockCheckParts {
  readonly config: { readonly agent: { readonly state_dir: string } };
  readonly daemon: Pick<DaemonSide, 'clock'>;
  /** The clock to check. The default is the clock of this host. */
  readonly hostTime?: HostTime;
}

export function clockChecks({ config, daemon, hostTime: host = hostTime() }: ClockCheckParts): Check[] {
  return [
    {
      name: 'clock',
      title: 'the wall clock',
      after: [],
      look: ['timedatectl', 'innkeeper clock'],
      run: async () => {
        const running = await daemon.clock?.();
        if (running) return judge(running.doubt, ['innkeeper clock', 'innkeeper clock confirm']);
        const mark = await readMark(markFile(config.agent.state_dir));
        if (!mark) return ok('no earlier time is recorded');
        const now = { wall: host.wall(), uptime: host.uptime() };
        const doubt = doubtOf(anchorAtStart(mark, undefined, host.bootId, now), now);
        return judge(doubt, ['systemctl start innkeeper', 'innkeeper clock confirm']);
      },
    },
  ];
}

const WHAT = {
  ahead: (off: string) => `it moved ${off} more than the elapsed time`,
  behind: (off: string) => `it is ${off} behind the time that it showed before`,
  long_off: (off: string) =>
    `it is ${off} ahead of its last known time: this machine was off for that time, or the clock is wrong`,
} as const;

/** @param whenRight the commands to run once the clock is correct */
function judge(doubt: SeenDoubt | undefined, whenRight: readonly string[]): Verdict {
  if (!doubt) return ok('it matches the elapsed time');
  const off = WHAT[doubt.kind](duration(Math.abs(doubt.offMs) / 1000));
  return wrong(
    `${off}; until the clock is correct or you have confirmed it, the agent deletes no expired data and fails no old job`,
    'timedatectl',
    ...whenRight,
  );
}
