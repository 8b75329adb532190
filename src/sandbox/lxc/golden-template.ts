/**
 * Golden templates outlive the world they were built in: when a container becomes a template its disk goes into the
 * cache folder, under a name that changes with the base system and the recipe, and a fresh world starts with it.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Value } from 'typebox/value';
import WordPress from '../../../modules/product/wordpress/module.js';
import type { TemplateRecipe } from '../../modules/kit/product.js';
import type { Disk } from './disk.js';
import { pack, unpack } from './disk-archive.js';

/** How the shipped product's template is made, by its own defaults. */
export function shippedRecipe(): TemplateRecipe {
  const product = new WordPress();
  return product.template(Value.Create(product.settings));
}

/** Changes whenever another template would come out. */
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

/** Keeps the disk of a finished template. */
export async function exportTemplate(cache: TemplateCache, rootfs: string): Promise<void> {
  await pack(rootfs, fileOf(cache));
}

/** Makes the root disk of the template from the cache, read-only. False when the cache does not have it. */
export async function importTemplate(cache: TemplateCache, disk: Disk, rootfs: string): Promise<boolean> {
  const file = fileOf(cache);
  if (!existsSync(file)) return false;
  await unpack(disk, file, rootfs);
  return true;
}
