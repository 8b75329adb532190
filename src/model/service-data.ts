/**
 * The data of a service in the form that its module declares with `serviceData`. Secrets are stored apart from the
 * other data, encrypted, and a reference `{secret: 'data.<field>'}` stands in their place.
 */
import { Secret } from '../kernel/secret.js';
import type { Json, JsonObject } from '../kernel/json.js';
import type { CheckedData, DataCheck } from './data-check.js';
import { type DataSchema, fieldsOf, isSecretReference, secretFields } from './data-schema.js';
import type { Service } from './service.js';
import { describeUnknown } from './unknown-name.js';

export interface ServiceData {
  /** With references in place of secrets. */
  readonly data: JsonObject;
  /** By the name in the reference. */
  readonly secrets: Readonly<Record<string, Secret>>;
}

export interface DataRules {
  readonly schema: DataSchema;
  readonly check: DataCheck;
  /** The language of the problems. */
  readonly locale?: string | null;
}

/** Replaces a secret in responses. If a request sends this text for a secret, the secret stays as it is. */
export const MASK = '********';

const nameOf = (field: string): string => `data.${field}`;

/** The given fields without null and empty texts, which panels send for fields that the customer left empty. */
function present(given: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null && value !== ''));
}

/** Moves the secrets out of the data. */
export function withReferences({ schema }: Pick<DataRules, 'schema'>, data: JsonObject): ServiceData {
  const secrets: Record<string, Secret> = {};
  const entries = Object.entries(data).map(([field, value]): [string, Json] => {
    if (!secretFields(schema).includes(field) || typeof value !== 'string') return [field, value];
    secrets[nameOf(field)] = new Secret(value);
    return [field, { secret: nameOf(field) }];
  });
  return { data: Object.fromEntries(entries), secrets };
}

/** The opposite of `withReferences`, for checks. A reference to a secret that does not exist is left out. */
export function withSecrets(
  { schema }: Pick<DataRules, 'schema'>,
  data: JsonObject,
  secrets: Service['secrets'],
): JsonObject {
  const fields = secretFields(schema);
  const entries = Object.entries(data).flatMap(([field, value]): [string, Json][] => {
    if (!fields.includes(field) || !isSecretReference(value)) return [[field, value]];
    const secret = Object.hasOwn(secrets, value.secret) ? secrets[value.secret] : undefined;
    return secret ? [[field, secret.reveal()]] : [];
  });
  return Object.fromEntries(entries);
}

export interface OrderedData {
  /** The data in clear, with defaults. */
  readonly data: JsonObject;
  /** The names of the fields that were sent and accepted. */
  readonly accepted: readonly string[];
  /** The names of the fields whose values were wrong, so that their defaults are used. */
  readonly replaced: readonly string[];
  readonly warnings: readonly string[];
  /** Maps each field (`properties.<name>`) without which the service cannot be created to its problem. */
  readonly problems: Readonly<Record<string, string>>;
}

/**
 * Reads the properties of an order. The customer has paid, so an unknown property is ignored with a warning, and a
 * wrong one gets its default. `also`: fields that are wrong for another reason, with their problems. `options`: the
 * names of the plan's options, which a warning about an unknown property may suggest.
 */
export function readOrdered(
  rules: DataRules,
  properties: JsonObject,
  options: readonly string[],
  also: Readonly<Record<string, string>> = {},
): OrderedData {
  const { schema, locale } = rules;
  const check = (data: JsonObject): CheckedData => rules.check(data, locale);
  const names = Object.keys(fieldsOf(schema));
  const sent = Object.entries(present(properties));
  const isOpen = schema['additionalProperties'] === true || 'patternProperties' in schema;
  const unknown = isOpen ? [] : sent.filter(([name]) => !names.includes(name)).map(([name]) => name);
  const known = Object.fromEntries(sent.filter(([name]) => !unknown.includes(name)));
  const first = { ...also, ...check(known).problems };
  const wrong = new Map(Object.entries(first).map(([field, problem]) => [topOf(field), problem]));
  const kept = Object.fromEntries(Object.entries(known).filter(([name]) => !wrong.has(name)));
  const second = check(kept);
  const replaced = Object.keys(known).filter((name) => wrong.has(name));
  return {
    data: second.data,
    accepted: Object.keys(kept),
    replaced,
    warnings: [
      ...unknown.map((name) => `properties.${describeUnknown(name, [...names, ...options]).sentence}`),
      ...replaced.map((name) => replacedSentence(name, wrong.get(name) ?? 'is not valid', second.data)),
    ],
    // the first problem of a field says more than "is missing"
    problems: Object.fromEntries(
      Object.entries(second.problems).map(([field, problem]) => [
        field === '' ? 'properties' : `properties.${field}`,
        first[field] ?? problem,
      ]),
    ),
  };
}

function replacedSentence(name: string, problem: string, data: JsonObject): string {
  return `properties.${name} ${problem}: ${name in data ? 'the default is used' : 'it is left out'}.`;
}

const topOf = (field: string): string => field.split('.', 1)[0] ?? '';

export interface ChangedData extends ServiceData {
  /** Maps each wrong field (`<name>`) to its problem. If there are any, nothing may be changed. */
  readonly problems: Readonly<Record<string, string>>;
}

/**
 * The data of a service with these values changed. Only problems with the changed values count. Null removes a value. A
 * secret may be given as its text or as the reference to it.
 */
export function changeData(
  rules: DataRules,
  { data, secrets }: Pick<Service, 'data' | 'secrets'>,
  values: JsonObject,
): ChangedData {
  const names = Object.keys(values);
  const all = present(withSecrets(rules, { ...data, ...values }, secrets));
  const checked = rules.check(all, rules.locale);
  const problems = Object.entries(checked.problems).filter(
    ([field]) => names.includes(topOf(field)) && !isOfHost(topOf(field)),
  );
  const changed = names.flatMap((name): [string, Json][] => {
    const value = Object.hasOwn(checked.data, name) ? checked.data[name] : values[name];
    return value === undefined || value === null ? [] : [[name, value]];
  });
  const next = withReferences(rules, Object.fromEntries(changed));
  const removed = names.filter((name) => values[name] === null);
  return {
    data: { ...without(data, removed), ...next.data },
    secrets: { ...without(secrets, removed.map(nameOf)), ...next.secrets },
    problems: Object.fromEntries(problems),
  };
}

function without<T>(values: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !names.includes(name)));
}

/** Keys that the agent's own flows store in the data of a service. No schema has to declare them. */
const OF_HOST: readonly string[] = [
  'admin_user',
  'admin_password_at',
  'owner_email',
  'owner_changed',
  'site_address',
];

function isOfHost(name: string): boolean {
  return OF_HOST.includes(name);
}

/** The fields that `PATCH /services/{id}` may change. */
export function changeableFields(schema: DataSchema): string[] {
  return Object.entries(fieldsOf(schema)).flatMap(([name, field]) =>
    field['changeable'] === true ? [name] : [],
  );
}

/** The declared fields of the data, for responses. Secrets are masked, and all other data is left out. */
export function shownData(schema: DataSchema, data: JsonObject): JsonObject {
  const secret = secretFields(schema);
  const entries = Object.keys(fieldsOf(schema)).flatMap((name): [string, Json][] => {
    const value = Object.hasOwn(data, name) ? data[name] : undefined;
    if (value === undefined) return [];
    return [[name, secret.includes(name) ? MASK : value]];
  });
  return Object.fromEntries(entries);
}
