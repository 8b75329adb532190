/** What tests of modules share: modules in a folder of the configuration, and changes that an operator makes. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import { type Fields, type House, openHouse } from './harness.js';
import { list, withAdmin } from './operator.js';

export interface ModuleHouse {
  readonly house: House;
  /** The state folder of the agent. */
  readonly stateDir: string;
  /** The folder of the configuration with the modules. */
  readonly folder: string;
  /** Writes the code of a product into the folder. */
  readonly install: (name: string, code: string) => Promise<void>;
}

export async function moduleHouse(
  t: Test,
  modules: Readonly<Record<string, string>>,
  config: Fields = {},
): Promise<ModuleHouse> {
  let dir = '';
  const install = async (name: string, code: string): Promise<void> => {
    const folder = join(dir, 'more', 'product', name);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    await writeFile(join(folder, 'module.js'), code);
  };
  const house = await openHouse(t, {
    config: async (written, stateDir) => {
      dir = stateDir;
      await mkdir(join(dir, 'more'), { recursive: true });
      for (const [name, code] of Object.entries(modules)) await install(name, code);
      const paths = [join(dir, 'more')];
      return { ...(await withAdmin(written)), modules: { paths, read_timeout_s: 5 }, ...config };
    },
  });
  return { house, install, stateDir: join(dir, 'agent'), folder: join(dir, 'more') };
}

/** Makes the change, and returns the module when its job has ended. */
export async function changed(
  house: House,
  module: string,
  change: 'activate' | 'update' | 'deactivate',
  body: object = {},
): Promise<Fields> {
  const answer = await house.post(`/modules/${module}/${change}`, body);
  if (answer.status > 202) throw new Error(`${change} ${module}: ${JSON.stringify(answer)}`);
  return settled(house, module);
}

/** The module when none of its jobs is open. */
export async function settled(house: House, module: string): Promise<Fields> {
  return house.until(`/modules/${module}`, ({ jobs }) =>
    list(jobs).every(({ ended_at }) => ended_at !== null),
  );
}

/** Reads the folders again, and updates the module. */
export async function rescanned(house: House, module: string): Promise<Fields> {
  const { status, body } = await house.post('/modules/rescan', {});
  if (status !== 200 || body['scanning'] !== false) throw new Error(JSON.stringify(body));
  return changed(house, module, 'update');
}
