/**
 * Caches golden templates, so that other environments can use them. When a container is converted to a template, its
 * disk is stored in the cache folder under a name that depends on the base system and the recipe. A new environment
 * gets this template from the cache.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { builtDeclarations } from '../../modules/discovery/declarations-cache.js';
import { discover, readerOf } from '../../modules/discovery/discover.js';
import { SHIPPED_LIMITS } from '../../modules/discovery/read-module.js';
import type { TemplateRecipe } from '../../modules/kit/product.js';
import { shippedModules } from '../../modules/loader.js';
import type { Disk } from './disk.js';
import { pack, unpack } from './disk-archive.js';

const PRODUCT = 'wordpress';

/** The recipe of the template of the shipped product, with its default settings. Throws an Error with the reason. */
export async function shippedRecipe(): Promise<TemplateRecipe> {
  const folder = shippedModules();
  const programs = dirname(folder);
  const found = {
    type: 'product',
    name: PRODUCT,
    path: join(folder, 'product', PRODUCT, 'module.js'),
  } as const;
  const [module] = await discover(
    {
      reader: readerOf(programs),
      cache: builtDeclarations(programs),
      isShipped: () => true,
      limits: SHIPPED_LIMITS,
    },
    [found],
    {},
  );
  if (!module?.read)
    throw new Error(`the module ${PRODUCT} cannot be used: ${module?.problem ?? 'not found'}`);
  const { template } = module.read.declared;
  if (!template) throw new Error(`the module ${PRODUCT} has no template`);
  return template;
}

/** Returns a key that changes whenever the resulting template would change. */
export function recipeKey(baseKey: string, recipe: TemplateRecipe): string {
  return createHash('sha256')
    .update(JSON.stringify([baseKey, recipe]))
    .digest('hex')
    .slice(0, 16);
}

export interface TemplateCache {
  readonly cacheDir: string;
  readonly key: string;
  /** Name of the template. */
  readonly name: string;
}

function fileOf({ cacheDir, key, name }: TemplateCache): string {
  return join(cacheDir, `template-${name}-${key}.tar.zst`);
}

/** Stores the disk of a finished template in the cache. */
export async function exportTemplate(cache: TemplateCache, rootfs: string): Promise<void> {
  await pack(rootfs, fileOf(cache));
}

/** Creates the template's read-only root disk from the cache. Returns false if the cache does not contain it. */
export async function importTemplate(cache: TemplateCache, disk: Disk, rootfs: string): Promise<boolean> {
  const file = fileOf(cache);
  if (!existsSync(file)) return false;
  await unpack(disk, file, rootfs);
  return true;
}
