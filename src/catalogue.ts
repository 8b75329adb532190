/** What can be sold: the modules that are there, with the settings of this configuration. */
import type { Logger } from 'pino';
import type { Config } from './config/config.js';
import { ConfigError } from './config/error.js';
import { loadModules, shippedModules } from './modules/loader.js';
import { openProducts, type Products } from './modules/registry.js';

/** The products with their settings. Throws ConfigError when a setting is wrong; a broken third-party module is only reported. */
export async function openCatalogue(config: Config, configFile: string, log: Logger): Promise<Products> {
  const loaded = await loadModules([shippedModules(), ...config.modules.paths]);
  for (const { path, problem } of loaded.broken) log.error({ path, problem }, 'a module cannot be used');
  const { products, problems } = openProducts(loaded, config.products);
  if (problems.length > 0) {
    throw new ConfigError(configFile, problems);
  }
  return products;
}
