/** innkeeper module install */
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_PANEL } from '../../kernel/default-panel.js';
import { configFile } from '../shared/config-file.js';
import { connectDaemon } from '../shared/daemon.js';
import { CommandFailure } from '../shared/failure.js';
import { formatCell } from '../shared/format-cell.js';
import { say, sayJson } from '../shared/print.js';

interface InstallOptions {
  readonly config?: string;
  readonly json?: true;
}

/** `source`: a tgz, or the folder of a module, `.../<type>/<name>`. */
export async function installModule(source: string, options: InstallOptions): Promise<void> {
  const found = await stat(source).catch(() => undefined);
  if (!found) throw new CommandFailure(`There is no file or folder ${source}.`);
  const aside = await mkdtemp(join(tmpdir(), 'innkeeper-module-'));
  try {
    const file = found.isDirectory() ? await packed(source, aside) : source;
    const daemon = await connectDaemon(configFile(options.config), DEFAULT_PANEL);
    const { success: _, ...module } = await daemon.upload('/modules/install', createReadStream(file));
    const name = `${formatCell(module['type'])}/${formatCell(module['name'])}`;
    if (options.json) sayJson(module);
    else if (module['state'] === 'active' || module['state'] === 'updating')
      say(`Installed ${name}. To use the new version: innkeeper module update ${name}`);
    else
      say(`Installed ${name} ${formatCell(module['version'])}. To use it: innkeeper module activate ${name}`);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

async function packed(folder: string, to: string): Promise<string> {
  const { packModule } = await import('../../modules/authoring/pack-module.js');
  try {
    return (await packModule(folder, to)).path;
  } catch (error) {
    throw new CommandFailure(error instanceof Error ? error.message : String(error));
  }
}
