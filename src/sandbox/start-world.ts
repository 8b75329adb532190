/** Chooses the world of a back end; each is loaded only when it is asked for. */
import type { World, WorldOptions } from './world.js';

export async function startWorld(backend: World['backend'], options: WorldOptions): Promise<World> {
  if (backend === 'lxc') throw new Error('the lxc back end is under construction');
  const { startMemoryWorld } = await import('./memory/index.js');
  return startMemoryWorld(options);
}
