/** The products that can be sold: the installed modules with the settings of this configuration. */
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { ConfigError } from '../config/error.js';
import { findModules, type FoundModule, loadModules, shippedModules } from './loader.js';
import { openProducts, type Products } from './registry.js';

/**
 * The products with their settings. Throws ConfigError when a setting is wrong; a broken third-party module is only
 * reported.
 */
export async function openCatalogue(config: Config, configFile: string, log: Logger): Promise<Products> {
  const loaded = await loadModules([shippedModules(), ...config.modules.paths]);
  for (const { path, problem } of loaded.broken) log.error({ path, problem }, 'a module cannot be used');
  const { products, problems } = openProducts(loaded, config.products);
  if (problems.length > 0) {
    throw new ConfigError(configFile, problems);
  }
  return products;
}

/** A module that cannot be used. */
export interface BrokenPart {
  /** The module's name. */
  readonly name: string;
  /** Its file; null: the problem is in the configuration. */
  readonly path: string | null;
  readonly problem: string;
}

export interface Survey {
  /** The usable products with their settings. */
  readonly products: Products;
  readonly broken: readonly BrokenPart[];
}

/**
 * Collects all problems of the modules instead of failing at the first. `probe` runs a file's code where it can do no
 * harm, and returns its problem.
 */
export async function surveyCatalogue(
  config: Config,
  probe: (found: FoundModule) => Promise<string | undefined>,
): Promise<Survey> {
  const broken: BrokenPart[] = [];
  const folders: string[] = [shippedModules()];
  const unfit = new Map<string, string>();
  for (const path of config.modules.paths) {
    try {
      for (const found of await findModules([path])) {
        const problem = await probe(found);
        if (problem !== undefined) unfit.set(found.path, problem);
      }
      folders.push(path);
    } catch (error) {
      broken.push({ name: 'modules.paths', path, problem: messageOf(error) });
    }
  }
  const loaded = await loadModules(folders, unfit);
  broken.push(...loaded.broken.map(({ name, path, problem }) => ({ name, path, problem })));
  const { problems } = openProducts(loaded, config.products);
  for (const { key, problem } of problems) {
    const name = nameIn(key);
    // the problem of its file is already listed
    if (!loaded.broken.some((one) => one.name === name))
      broken.push({ name, path: null, problem: `${key}: ${problem}` });
  }
  const usable = loaded.modules.filter(({ info }) => !broken.some(({ name }) => name === info.name));
  return { products: openProducts({ ...loaded, modules: usable }, config.products).products, broken };
}

/** `products.<name>.<setting>` */
const nameIn = (key: string): string => key.split('.')[1] ?? key;

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
