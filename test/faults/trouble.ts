/** One fault in force at the stage: how often it really fired, and its end. */
import type { CallSite } from './call-sites.js';
import type { FaultKind } from './kinds.js';
import type { Stage } from './harness.js';

export interface Trouble {
  /** What came of it at the daemon, not what was asked for. */
  fired(): Promise<number>;
  /** It is over; what it left behind stays. */
  end(): Promise<void>;
}

/** The strike is told a moment before the call goes on, so that the clock jumps while the call is under way. */
const HELD_MS = 100;
const LOOK_MS = 5;

export async function beginTrouble(stage: Stage, site: CallSite, fault: FaultKind): Promise<Trouble> {
  if ('clockJumpMs' in fault.kind) return clockJump(stage, site, fault.kind.clockJumpMs);
  const { target, method, path } = site;
  const { kind, times, onward } = fault;
  const id = await stage.fault({
    ...{ target, method, path, kind },
    ...(times === undefined ? {} : { times }),
    ...(onward === undefined ? {} : { onward }),
  });
  const end = (): Promise<void> => stage.lift(id);
  // A slow start counts as such: the driver asks the list of tasks meanwhile, so that no question of its own hangs.
  return { fired: () => stage.struck(id), end };
}

/** Fired when the daemon has said so. */
async function clockJump(stage: Stage, { target, method, path }: CallSite, ms: number): Promise<Trouble> {
  const before = jumps(stage);
  const id = await stage.fault({ target, method, path, kind: { delayMs: HELD_MS }, times: 1 });
  let isOver = false;
  const watch = async (): Promise<void> => {
    while (!isOver && (await stage.struck(id)) === 0) await new Promise((go) => void setTimeout(go, LOOK_MS));
    if (!isOver) stage.setClock(ms);
  };
  const watching = watch();
  return {
    fired: async () => jumps(stage) - before,
    async end() {
      isOver = true;
      await watching;
      stage.setClock(0);
      await stage.lift(id);
    },
  };
}

/** The guard's own lines; the alert that follows has another. */
const jumps = (stage: Stage): number =>
  stage.alarms().filter(({ alarm, off_s: off }) => alarm === 'clock_jump' && off !== undefined).length;
