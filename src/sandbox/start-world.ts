/** Chooses the world of a back end; each is loaded only when it is asked for. */
import type { World } from './world.js';

export interface WorldOptions {
  /** Absolute; exists. */
  readonly stateDir: string;
  /** The port that the daemon is to listen on. */
  readonly apiPort: number;
  readonly log: (line: string) => void;
}

export async function startWorld(backend: World['backend'], options: WorldOptions): Promise<World> {
  if (backend === 'lxc') throw new Error('the lxc back end is under construction');
  const { startMemoryWorld } = await import('./memory/index.js');
  return startMemoryWorld(options);
}
