/** Queries the daemon for commands that also work while it is not running. */
import { CLOCK_DOUBTS } from '../../model/clock-doubt.js';
import type { DaemonSide, SeenDoubt } from '../../doctor/parts.js';
import { connectDaemon, DaemonDown, type Fields } from '../shared/daemon.js';
import { isUnitEnabled } from '../shared/of-service.js';
import { DEFAULT_PANEL } from '../../kernel/default-panel.js';

export function daemonSide(configFile: string): DaemonSide {
  const unlessDown = async <T>(ask: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof DaemonDown) return undefined;
      throw error;
    }
  };
  return {
    readiness: () => unlessDown(async () => (await connectDaemon(configFile, DEFAULT_PANEL)).readiness()),
    clock: () =>
      unlessDown(async () =>
        clockOf(await (await connectDaemon(configFile, DEFAULT_PANEL)).call('GET', '/clock')),
      ),
    isEnabled: isUnitEnabled,
    export: () =>
      unlessDown(async () => (await connectDaemon(configFile, DEFAULT_PANEL)).download('/state/export')),
  };
}

function clockOf({ doubt, off_s: offS }: Fields): { doubt: SeenDoubt | undefined } {
  const kind = CLOCK_DOUBTS.find((one) => one === doubt);
  return { doubt: kind === undefined ? undefined : { kind, offMs: Number(offS) * 1000 } };
}
