/** Finds the configuration that a command uses. */
import { resolve } from 'node:path';

export const DEFAULT_CONFIG = '/etc/innkeeper/innkeeper.yaml';

/** `--config`, else INNKEEPER_CONFIG, else the default path; absolute. */
export function configFile(option: string | undefined): string {
  return resolve(option ?? process.env['INNKEEPER_CONFIG'] ?? DEFAULT_CONFIG);
}
