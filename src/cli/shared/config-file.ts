/** Finds the configuration that a command uses. */
import { resolve } from 'node:path';

export const DEFAULT_CONFIG = '/etc/innkeeper/innkeeper.yaml';

/** Returns the absolute path of the configuration: `--config`, or else INNKEEPER_CONFIG, or else the default path. */
export function configFile(option: string | undefined): string {
  return resolve(option ?? process.env['INNKEEPER_CONFIG'] ?? DEFAULT_CONFIG);
}
