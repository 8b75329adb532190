/**
 * innkeeper state import: imports an export into the state folder, which must be empty. Reports if the encryption key
 * of the state is still missing.
 */
import { join, resolve } from 'node:path';
import { importState as putBack } from '../../state/transfer/import.js';
import { loadForCommand } from '../shared/of-service.js';
import { say } from '../shared/print.js';
import { withProgress } from '../shared/progress.js';

/** Throws AgentError, ConfigError. */
export async function importState(file: string, configFile: string): Promise<void> {
  const config = await loadForCommand(configFile);
  const { manifest, verified, key } = await withProgress((show) =>
    putBack({ file: resolve(file), config, fileRead: (files) => show(`importing: ${files} files`) }),
  );
  const dir = config.agent.state_dir;
  say(`${dir}: ${manifest.files.length} files of the agent "${manifest.agent}", as of ${manifest.made_at}.`);
  say(KEY_SAYS[key](join(dir, 'secret.key'), manifest.key.id));
  for (const { file: where, problem } of verified.findings)
    process.stderr.write(`warning: ${where} ${problem}\n`);
}

const KEY_SAYS = {
  there: (_: string, id: string) => `The key for the secrets (${id}) is present.`,
  imported: (path: string) => `The key for the secrets was also imported: ${path}.`,
  missing: (path: string, id: string) =>
    `The key for the secrets (${id}) is missing. Before you start the daemon, restore the old ` +
    `${path} (mode 600, owned by the daemon's user), or configure state_key. Then run innkeeper ` +
    'state verify.',
} as const;
