/** A daemon with the product of test/fakes/panel, installed as another author's, and a hosting panel behind it. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Test } from 'tap';
import { shippedModules } from '../../src/modules/loader.js';
import { type PanelServer, panelServer, TOKEN } from '../fakes/panel-server.js';
import { type Answer, type Fields, type House, openHouse } from './harness.js';
import { withAdmin } from './operator.js';

export const SERVERS = '/modules/product/panel/servers';

export interface RemoteHouse {
  readonly house: House;
  readonly panel: PanelServer;
  /** Adds a server that leads to the hosting panel. */
  readonly add: (name: string, also?: object) => Promise<Answer>;
}

export async function remoteHouse(t: Test, also: Fields = {}, modules: Fields = {}): Promise<RemoteHouse> {
  const panel = await panelServer();
  const house = await openHouse(t, {
    config: async (written, stateDir) => ({
      ...(await withAdmin(written)),
      modules: { paths: [await installPanel(stateDir)], ...modules },
      plans: [
        { name: 'basic', memory_mb: 2048, disk_gb: 20, cores: 2, domains: 3, backups: 2 },
        { name: 'hosting', module: 'panel' },
        { name: 'hosting-50', module: 'panel', data: { quota_gb: 50 } },
        { name: 'special', module: 'panel', server_group: 'special' },
      ],
      ...also,
    }),
  });
  t.teardown(() => panel.close());
  const add = (name: string, values: object = {}): Promise<Answer> =>
    house.post(SERVERS, {
      ...{ name, host: '127.0.0.1', port: panel.port, tls: { enabled: false } },
      credentials: { token: TOKEN },
      ...values,
    });
  return { house, panel, add };
}

/** Resolves with the folder of modules. */
export async function installPanel(stateDir: string): Promise<string> {
  const folder = join(stateDir, 'more', 'product', 'panel');
  await mkdir(folder, { recursive: true });
  const compiled = pathToFileURL(join(dirname(shippedModules()), 'test/fakes/panel/module.js')).href;
  await writeFile(join(folder, 'module.js'), `export { default } from ${JSON.stringify(compiled)};\n`);
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  return join(stateDir, 'more');
}
