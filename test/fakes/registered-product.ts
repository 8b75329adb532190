/** A product as the daemon knows it, read in this process: for modules that a test trusts. */
import type { JsonObject } from '../../src/kernel/json.js';
import { declarationsOf } from '../../src/modules/discovery/declare.js';
import type { Module } from '../../src/modules/kit/module.js';
import type { RegisteredProduct } from '../../src/modules/registry.js';

export function registeredProduct(module: Module, given: JsonObject = {}): RegisteredProduct {
  const { type, name } = module.info;
  const path = `/modules/${type}/${name}/module.js`;
  const { declared, settings } = declarationsOf(module, { type, name, path, settings: given });
  return { info: module.info, path, hash: null, declared, settings };
}

/** The settings with the module's defaults. */
export function settingsOf(module: Module, given: JsonObject = {}): JsonObject {
  return registeredProduct(module, given).settings;
}
