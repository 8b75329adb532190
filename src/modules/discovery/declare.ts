/** Collects the declarations of a module from its class. This code runs in the process that reads the module. */
import { dirname, isAbsolute, join } from 'node:path';
import type { JsonObject } from '../../kernel/json.js';
import { actionKind, JOB_KINDS } from '../../model/job-kinds.js';
import { RULES, withRuleTexts } from '../../model/rule-texts.js';
import type { ModuleAction } from '../kit/action.js';
import { type Declarations, LIFECYCLE_METHODS, MODULE_CHECKS } from '../kit/declarations.js';
import { readLanguages } from '../kit/lang-files.js';
import type { Module } from '../kit/module.js';
import type { ServerUse } from '../kit/server-types.js';
import { declaredCollections } from './declared-collections.js';
import { declaredRoutes } from './declared-routes.js';
import { declaredWork } from './declared-work.js';
import type { ReadModule, ReadRequest } from './answer.js';
import { checkSettings } from './settings.js';

/** Throws what the module's code throws, and an Error for each problem with the declarations. */
export function declarationsOf(
  module: Module,
  { type, name, path, settings: given }: ReadRequest,
): ReadModule {
  if (!isAbsolute(path)) throw new Error('its path is not absolute');
  const info = infoOf(module);
  if (info.name !== name || info.type !== type)
    throw new Error(`its name is ${info.type}/${info.name}, but its folder is ${type}/${name}`);
  const isProduct = type === 'product';
  if (isProduct && typeof memberOf(module, 'createJob') !== 'function')
    throw new Error('its default export is not a class that extends Product: it has no createJob');
  const texts = (schemas: unknown): unknown => withTexts(schemas, path);
  const { settings, problems } = checkSettings(
    texts(module.settings) as Module['settings'],
    `products.${name}`,
    given,
  );
  const abilities = abilitiesOf(module, type);
  const bySettings = (member: string): unknown =>
    isProduct && problems.length === 0 ? called(module, member, structuredClone(settings)) : null;
  const declared: Record<keyof Declarations, unknown> = {
    info,
    settingsSchema: module.settings,
    productData: memberOf(module, 'productData') ?? null,
    serviceData: memberOf(module, 'serviceData') ?? null,
    actions: actionsOf(module).map(([word, { title, description = '', input = null }]) => ({
      ...{ name: word, title, description, input },
    })),
    checks: MODULE_CHECKS.filter((name) => typeof memberOf(module, name) === 'function'),
    planLimits: memberOf(module, 'planLimits') ?? null,
    parts: memberOf(module, 'parts') ?? [],
    servers: isProduct ? serversOf(module) : null,
    abilities,
    reads: memberOf(module, 'reads') ?? [],
    policies: Object.fromEntries([
      ...abilities.map((kind) => [kind, called(module, 'policy', kind) ?? {}]),
      ...actionsOf(module).map(([word, { policy = {} }]) => [actionKind(name, word), policy]),
    ]),
    source: bySettings('source'),
    template: bySettings('template'),
    loginPath: memberOf(module, 'loginPath') ?? null,
    ownerEmail: memberOf(module, 'ownerEmail') ?? null,
    ...declaredCollections(module),
    ...declaredRoutes(module),
    work: declaredWork(module),
    lifecycle: LIFECYCLE_METHODS.filter((name) =>
      [name, `${name}Job`].some((member) => typeof memberOf(module, member) === 'function'),
    ),
    resumes: memberOf(module, 'resumes') ?? [],
  };
  // the main thread checks the declarations against a schema
  return { declared: texts(declared) as Declarations, settings, problems };
}

/** Schemas name messages by the keys of texts, which stand in the languages of the module. */
function withTexts(schemas: unknown, path: string): unknown {
  const text: unknown = JSON.stringify(schemas);
  if (typeof text !== 'string' || !text.includes(`"${RULES}"`)) return schemas;
  return withRuleTexts(schemas, readLanguages(join(dirname(path), 'lang')));
}

/** What the product says about its servers; null if it uses none. */
function serversOf(module: Module): unknown {
  const rules = memberOf(module, 'servers');
  if (typeof rules !== 'object' || rules === null) return null;
  const { data = null, credentials = null, port = 443 } = rules as ServerUse;
  const has = (name: string): boolean => typeof memberOf(module, name) === 'function';
  return { data, credentials, port, tests: has('testConnection'), inspects: has('inspect') };
}

/** The product's own actions. Throws an Error for an action without a flow. */
function actionsOf(module: Module): [string, Partial<ModuleAction>][] {
  const all = memberOf(module, 'actions') ?? {};
  return Object.entries(all as Readonly<Record<string, Partial<ModuleAction> | null>>).map(
    ([name, action]) => {
      if (typeof action?.flow !== 'function') throw new Error(`its action "${name}" has no flow`);
      return [name, action];
    },
  );
}

/** Fields that this release does not know are left out. */
function infoOf({ info }: Module): Declarations['info'] {
  const { type, name, title, description, version, author, ...more } = info;
  const { email, website, logo, icon } = more;
  const optional = Object.entries({ email, website, logo, icon }).filter(([, value]) => value !== undefined);
  return { type, name, title, description, version, author, ...Object.fromEntries(optional) };
}

/** What modules of these types can do, by the names of their methods. */
const METHODS: Readonly<Record<string, readonly string[]>> = {
  notification: ['send', 'test'],
  payment: ['checkout', 'check', 'onSuccess', 'onFailure', 'refund', 'cancel'],
};

/**
 * The kinds of jobs for which a product has a flow, or the methods of a module of another type. A product that was
 * built with the base classes of an older release does not declare them, so they are derived from its methods.
 */
function abilitiesOf(module: Module, type: string): string[] {
  const methods = METHODS[type];
  if (methods) return methods.filter((name) => typeof memberOf(module, name) === 'function');
  const said: unknown = memberOf(module, 'abilities');
  if (Array.isArray(said)) return said.map(String);
  return Object.keys(JOB_KINDS).filter((kind) => typeof memberOf(module, `${kind}Job`) === 'function');
}

function memberOf(module: Module, name: string): unknown {
  return Reflect.get(module, name);
}

/** The result of the method; null if the module does not have the method, or if the method returns nothing. */
function called(module: Module, name: string, ...args: (JsonObject | string)[]): unknown {
  const method = memberOf(module, name);
  if (typeof method !== 'function') return null;
  try {
    return (Reflect.apply(method, module, args) as unknown) ?? null;
  } catch (error) {
    throw new Error(`its ${name}() threw: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
