/** Starts an environment with the chosen back end. The code of a back end is loaded only if that back end is used. */
import type { Environment, EnvironmentOptions } from './environment.js';

export async function startEnvironment(
  backend: Environment['backend'],
  options: EnvironmentOptions,
): Promise<Environment> {
  if (backend === 'lxc') {
    const { startLxcEnvironment } = await import('./lxc/environment.js');
    return startLxcEnvironment(options);
  }
  const { startMemoryEnvironment } = await import('./memory/environment.js');
  return startMemoryEnvironment(options);
}
