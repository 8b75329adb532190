/** A daemon that may be up or down, asked by commands that work either way. */
import type { DaemonSide } from '../doctor/parts.js';
import { connectDaemon, DaemonDown } from './daemon.js';
import { isUnitEnabled } from './of-service.js';

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
    readiness: () => unlessDown(async () => (await connectDaemon(configFile, 'default')).readiness()),
    isEnabled: isUnitEnabled,
    export: () =>
      unlessDown(async () => (await connectDaemon(configFile, 'default')).download('/state/export')),
  };
}
