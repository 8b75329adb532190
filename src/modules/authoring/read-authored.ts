/** Reads the module in an author's folder, as the daemon would read it. */
import { dirname, basename, resolve } from 'node:path';
import type { JsonObject } from '../../kernel/json.js';
import { MODULE_TYPES, type ModuleType } from '../../model/module-view.js';
import { contentHash } from '../content-hash.js';
import { readerOf } from '../discovery/discover.js';
import { readLimits, readModule } from '../discovery/read-module.js';
import type { SettingsProblem } from '../discovery/settings.js';
import type { Declarations } from '../kit/declarations.js';
import { type FoundModule, shippedModules } from '../loader.js';

export interface AuthoredModule extends FoundModule {
  readonly declared: Declarations;
  /** The given settings with defaults filled in. */
  readonly settings: JsonObject;
  readonly problems: readonly SettingsProblem[];
}

const TIMEOUT_S = 30;

/** The type and name of the module from its folder: `<type>/<name>`. Throws an Error for the author. */
export function placeOf(folder: string): FoundModule {
  const root = resolve(folder);
  const [type, name] = [basename(dirname(root)), basename(root)];
  if (!MODULE_TYPES.includes(type as ModuleType))
    throw new Error(
      `${root} must be in a folder that is named after the type of the module (${MODULE_TYPES.join(', ')}), and ` +
        `not in "${type}"`,
    );
  return { type: type as ModuleType, name, path: `${root}/module.js` };
}

/** Throws an Error for the author if the module cannot be used. */
export async function readAuthored(folder: string, settings: JsonObject = {}): Promise<AuthoredModule> {
  const found = placeOf(folder);
  // refuses links, native add-ons and copies of the agent
  await contentHash(dirname(found.path));
  const end = await readModule(
    readerOf(dirname(shippedModules())),
    { ...found, settings },
    readLimits(TIMEOUT_S),
  );
  if (end.kind === 'unusable') throw new Error(`the module cannot be used: ${end.problem}`);
  const { declared, settings: complete, problems } = end.module;
  return { ...found, declared, settings: complete, problems };
}
