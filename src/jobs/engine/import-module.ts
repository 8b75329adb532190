/**
 * Loads one module's code into this thread: the thread of a job, or the process that reads modules. The main thread
 * never loads module code. It uses only the declarations that were read from the modules.
 */
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { Module } from '../../modules/kit/module.js';
import { offerKit } from './offer-kit.js';

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/**
 * Checks the shape instead of using `instanceof`, because a third-party module may be bundled with its own copy of the
 * base class.
 */
function isModule(value: unknown): value is Module {
  return (
    isObject(value) &&
    isObject(Reflect.get(value, 'info')) &&
    isObject(Reflect.get(value, 'settings')) &&
    typeof Reflect.get(value, 'flow') === 'function' &&
    typeof Reflect.get(value, 'policy') === 'function'
  );
}

/** The default export of another file of a module; undefined if the file does not exist. */
export async function importDefault(path: string): Promise<unknown> {
  if (!existsSync(path)) return undefined;
  offerKit(path);
  // eslint-disable-next-line no-restricted-syntax -- see below
  const namespace: unknown = await import(pathToFileURL(path).href);
  return isObject(namespace) ? Reflect.get(namespace, 'default') : undefined;
}

/** Imports `path` (absolute) and constructs its module. Throws an Error that says what is wrong with the file. */
export async function importModule(path: string): Promise<Module> {
  offerKit(path);
  // eslint-disable-next-line no-restricted-syntax -- the only place that may do it
  const namespace: unknown = await import(pathToFileURL(path).href);
  const exported: unknown = isObject(namespace) ? Reflect.get(namespace, 'default') : undefined;
  if (typeof exported !== 'function') throw new Error('its default export is not a class');
  const made: unknown = Reflect.construct(exported, []);
  if (!isModule(made)) throw new Error('its default export is not a class that extends Product or Module');
  return made;
}
