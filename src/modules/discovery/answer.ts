/**
 * The request to the process that reads a module, and the possible answers of that process. An answer may come from
 * another author's code, so the whole answer is checked against a schema before it is used.
 */
import { type Static, Type } from 'typebox';
import { lazyCheck } from '../../kernel/lazy-check.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import { cleaned } from '../../kernel/text.js';
import { dataCheck } from '../../model/data-check.js';
import { MODULE_TYPES, type ModuleType } from '../../model/module-view.js';
import { PARTS } from '../../model/part.js';
import { schemaProblem } from '../../model/data-schema.js';
import {
  type Declarations,
  LIFECYCLE_METHODS,
  MODULE_CHECKS,
  type ModuleCheck,
} from '../kit/declarations.js';
import { READINGS } from '../kit/reading.js';
import { CollectionsSchema, MigrationsSchema, problemOfCollections } from './collection-rules.js';
import { VERSION_PATTERN } from './module-version.js';
import { problemOfRoutes, RoutesSchema } from './route-rules.js';
import type { SettingsProblem } from './settings.js';
import { problemOfWork, WorkSchema } from './work-rules.js';

export interface ReadRequest {
  readonly type: ModuleType;
  readonly name: string;
  /** Absolute path of module.js. */
  readonly path: string;
  /** The module's settings as they are in the configuration, without defaults. */
  readonly settings: JsonObject;
  readonly check?: CheckCall;
}

/** A call of one of the module's checks. It is made instead of reading the declarations. */
export interface CheckCall {
  readonly member: ModuleCheck;
  readonly args: readonly Json[];
}

/** The result of reading a module. If `problems` is not empty, `source` and `template` in `declared` are null. */
export interface ReadModule {
  readonly declared: Declarations;
  /** The module's settings with defaults filled in. */
  readonly settings: JsonObject;
  readonly problems: readonly SettingsProblem[];
}

/**
 * The process writes these messages as lines of JSON, in this order. If the line `end` is missing, the process was
 * ended before it had finished.
 */
export type AnswerLine =
  | { readonly kind: 'read'; readonly module: ReadModule }
  | { readonly kind: 'unusable'; readonly problem: string }
  /** The result of a check, as JSON. Absent if it has none. */
  | { readonly kind: 'checked'; readonly result?: unknown }
  /** The AgentError that a check threw. */
  | { readonly kind: 'refused'; readonly error: unknown }
  | { readonly kind: 'end' };

/** Maximum size of all lines together, in bytes. */
export const MOST_ANSWER = 1024 ** 2;

const closed = { additionalProperties: false } as const;
const seconds = Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 604_800 }));
const count = Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 }));
const word = Type.String({ minLength: 1, maxLength: 128 });
const object = Type.Unsafe<JsonObject>({ type: 'object' });

const Info = Type.Object(
  {
    type: Type.Enum([...MODULE_TYPES]),
    name: Type.String({ pattern: '^[a-z0-9]+(-[a-z0-9]+)*$', maxLength: 64 }),
    title: Type.String({ minLength: 1, maxLength: 200 }),
    description: Type.String({ maxLength: 2_000 }),
    version: Type.String({ pattern: VERSION_PATTERN, maxLength: 100 }),
    author: Type.String({ maxLength: 200 }),
    email: Type.Optional(Type.String({ maxLength: 320 })),
    website: Type.Optional(Type.String({ maxLength: 500, pattern: '^https?://' })),
    logo: Type.Optional(Type.String({ maxLength: 200 })),
    icon: Type.Optional(Type.String({ maxLength: 200 })),
  },
  closed,
);
const Policy = Type.Object(
  { tries: count, backoffS: seconds, timeoutS: seconds, maxExceptions: count, patienceS: seconds },
  closed,
);
const Source = Type.Object(
  { kind: Type.Enum(['template', 'os', 'image']), template: Type.Optional(word), image: Type.Optional(word) },
  closed,
);
const Recipe = Type.Object(
  {
    name: word,
    scripts: Type.Array(
      Type.Object(
        {
          name: word,
          body: Type.String({ maxLength: 262_144 }),
          timeoutS: Type.Number({ exclusiveMinimum: 0, maximum: 604_800 }),
        },
        closed,
      ),
      { maxItems: 32 },
    ),
    resources: Type.Object(
      {
        cores: Type.Integer({ minimum: 1 }),
        memoryMb: Type.Integer({ minimum: 16 }),
        swapMb: Type.Integer({ minimum: 0 }),
        diskGb: Type.Integer({ minimum: 1 }),
      },
      closed,
    ),
  },
  closed,
);
const OwnerEmail = Type.Object(
  {
    localPartSigns: Type.Optional(Type.String({ maxLength: 200 })),
    minLength: Type.Optional(Type.Integer({ minimum: 0, maximum: 254 })),
    maxLength: Type.Optional(Type.Integer({ minimum: 6, maximum: 254 })),
  },
  closed,
);

const nullable = <T extends typeof Source | typeof Recipe | typeof OwnerEmail>(schema: T) =>
  Type.Union([schema, Type.Null()]);

const Action = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z][a-z0-9-]{0,39}$' }),
    title: Type.String({ minLength: 1, maxLength: 200 }),
    description: Type.String({ maxLength: 2_000 }),
    input: Type.Union([object, Type.Null()]),
  },
  closed,
);

const limit = Type.Optional(
  Type.Unsafe<readonly [number, number]>(
    Type.Array(Type.Integer({ minimum: 0 }), { minItems: 2, maxItems: 2 }),
  ),
);
const PlanLimitsSchema = Type.Object(
  { memory_mb: limit, swap_mb: limit, disk_gb: limit, cores: limit, domains: limit, backups: limit },
  closed,
);

const Servers = Type.Object(
  {
    data: Type.Union([object, Type.Null()]),
    credentials: Type.Union([object, Type.Null()]),
    port: Type.Integer({ minimum: 1, maximum: 65_535 }),
    tests: Type.Boolean(),
    inspects: Type.Boolean(),
  },
  closed,
);

const DeclarationsSchema = Type.Object(
  {
    info: Info,
    settingsSchema: object,
    productData: Type.Union([object, Type.Null()]),
    serviceData: Type.Union([object, Type.Null()]),
    actions: Type.Array(Action, { maxItems: 50 }),
    checks: Type.Array(Type.Enum([...MODULE_CHECKS]), { maxItems: MODULE_CHECKS.length, uniqueItems: true }),
    planLimits: Type.Union([PlanLimitsSchema, Type.Null()]),
    parts: Type.Array(Type.Enum([...PARTS]), { maxItems: PARTS.length, uniqueItems: true }),
    servers: Type.Union([Servers, Type.Null()]),
    abilities: Type.Array(word, { maxItems: 100, uniqueItems: true }),
    reads: Type.Array(Type.Enum([...READINGS]), { maxItems: READINGS.length, uniqueItems: true }),
    policies: Type.Record(Type.String({ maxLength: 128 }), Policy),
    source: nullable(Source),
    template: nullable(Recipe),
    loginPath: Type.Union([
      Type.String({
        pattern: '^/(?=[!-~]*\\{id\\})(?=[!-~]*\\{token\\})[!-~]*$',
        maxLength: 512,
      }),
      Type.Null(),
    ]),
    ownerEmail: nullable(OwnerEmail),
    collections: CollectionsSchema,
    migrations: MigrationsSchema,
    lifecycle: Type.Array(Type.Enum([...LIFECYCLE_METHODS]), { maxItems: LIFECYCLE_METHODS.length }),
    resumes: Type.Array(Type.String({ pattern: `^\\*$|${VERSION_PATTERN}`, maxLength: 100 }), {
      maxItems: 200,
    }),
    routes: RoutesSchema,
    instance: Type.Union([object, Type.Null()]),
    work: WorkSchema,
  },
  closed,
);

const ReadModuleSchema = Type.Object(
  {
    declared: DeclarationsSchema,
    settings: object,
    problems: Type.Array(
      Type.Object(
        { key: Type.String({ maxLength: 500 }), problem: Type.String({ maxLength: 2_000 }) },
        closed,
      ),
      { maxItems: 200 },
    ),
  },
  closed,
);

const check = lazyCheck(ReadModuleSchema);

/** Maximum number of nested levels. Data that is nested more deeply could not be converted to JSON again. */
const MOST_LEVELS = 64;

/** Returns the value with its type. Throws an Error that says what is wrong with the value. */
export function checkReadModule(value: unknown): ReadModule {
  if (!isWithin(value, MOST_LEVELS)) throw new Error(`its declarations are nested too deeply`);
  const [wrong] = check.Errors(value);
  if (wrong) {
    // `additionalProperties` refuses a key with the schema `false`
    const problem = wrong.keyword === 'boolean' ? 'is unknown, or its name is not allowed' : wrong.message;
    throw new Error(`its ${whereIn(wrong.instancePath)} ${problem}`);
  }
  const { declared } = value as ReadModule;
  const { parts, productData, serviceData, actions, instance, routes, servers } = declared;
  const problem = problemOfCollections(declared) ?? problemOfRoutes(declared);
  if (problem !== undefined) throw new Error(`its ${problem}`);
  const wrongWork = problemOfWork((value as ReadModule).declared.work);
  if (wrongWork !== undefined) throw new Error(`its ${wrongWork}`);
  refuseSchema('productData', productData, false);
  refuseSchema('serviceData', serviceData, true);
  refuseSchema('instance', instance, true);
  refuseSchema('servers.data', servers?.data ?? null, false);
  refuseSchema('servers.credentials', servers?.credentials ?? null, false);
  if (servers && parts.length > 0)
    throw new Error('its parts must be empty: services with an account on a server have no container');
  for (const { name, input } of actions) refuseSchema(`actions.${name}.input`, input, false);
  for (const [at, { input }] of routes.api.entries())
    refuseSchema(`adminApiRoutes.${at}.input`, input, false);
  for (const [at, { input }] of routes.pages.entries())
    refuseSchema(`adminWebRoutes.${at}.input`, input, false);
  if (parts.includes('site') && !parts.includes('guest'))
    throw new Error('its parts include `site` without `guest`, but only a container can serve a site');
  // the schema describes the same values as the type; TypeScript cannot see this, because the types of the kit are
  // readonly
  return value as Static<typeof ReadModuleSchema> & ReadModule;
}

/** Throws an Error that says why the schema cannot be used. */
function refuseSchema(name: string, schema: JsonObject | null, mayHaveSecrets: boolean): void {
  if (schema === null) return;
  const problem = schemaProblem(schema, mayHaveSecrets);
  if (problem !== undefined) throw new Error(`its ${name} ${problem}`);
  try {
    dataCheck(schema);
  } catch (error) {
    throw new Error(`its ${name} is not a valid JSON Schema: ${cleaned(String(error))}`, { cause: error });
  }
}

function isWithin(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((inner) => isWithin(inner, levels - 1));
}

/** `/declared/info/version` -> `info.version` */
function whereIn(path: string): string {
  return (
    path
      .split('/')
      .slice(1)
      .filter((word, index) => index > 0 || word !== 'declared')
      .join('.') || 'answer'
  );
}
