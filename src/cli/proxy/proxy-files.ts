/** innkeeper proxy files: writes the files that a proxy host behind SSH needs, based on the configuration. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { authorizedKeysLine } from '../../drivers/proxy/nginx/remote/forced-command.js';
import { renderPages } from '../../drivers/proxy/nginx/pages.js';
import { renderFront } from '../../drivers/proxy/nginx/render.js';
import { loadForCommand } from '../shared/of-service.js';
import { say } from '../shared/print.js';

/** Throws ConfigError. */
export async function writeProxyFiles(configFile: string, folder: string): Promise<void> {
  const config = await loadForCommand(configFile);
  const { nginx } = config.proxy;
  for (const each of ['pages', 'certificates', 'challenges'])
    await mkdir(join(folder, each), { recursive: true, mode: 0o755 });
  await writeFile(join(folder, 'nginx.conf'), renderFront(nginx), { mode: 0o644 });
  for (const [name, html] of Object.entries(renderPages()))
    await writeFile(join(folder, 'pages', name), html, { mode: 0o644 });
  say(`Copy ${folder} to ${nginx.dir} on the proxy host. The copy must be owned by root.`);
  say(`Add this line to authorized_keys on the proxy host:\n\n${authorizedKeysLine(config)}`);
}
