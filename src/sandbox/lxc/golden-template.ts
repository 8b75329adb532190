/**
 * Golden templates outlive the environment that built them. When a container becomes a template, its disk is stored
 * in the cache folder under a name that depends on the base system and the recipe. A fresh environment starts with
 * it.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Value } from 'typebox/value';
import WordPress from '../../../modules/product/wordpress/module.js';
import type { TemplateRecipe } from '../../modules/kit/product.js';
import type { Disk } from './disk.js';
import { pack, unpack } from './disk-archive.js';

/** The recipe of the shipped product's template, with its default settings. */
export function shippedRecipe(): TemplateRecipe {
  const product = new WordPress();
  return product.template(Value.Create(product.settings));
}

/** Changes whenever the resulting template would change. */
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

/** Creates the template's root disk from the cache, read-only. Returns false if the cache does not contain it. */
export async function importTemplate(cache: TemplateCache, disk: Disk, rootfs: string): Promise<boolean> {
  const file = fileOf(cache);
  if (!existsSync(file)) return false;
  await unpack(disk, file, rootfs);
  return true;
}
