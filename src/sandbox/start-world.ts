/** Chooses the world of a back end; each is loaded only when it is asked for. */
import type { World, WorldOptions } from './world.js';

export async function startWorld(backend: World['backend'], options: WorldOptions): Promise<World> {
  if (backend === 'lxc') {
    const { startLxcWorld } = await import('./lxc/world.js');
    return startLxcWorld(options);
  }
  const { startMemoryWorld } = await import('./memory/world.js');
  return startMemoryWorld(options);
}
