/** Checks data with a module's schema: changes texts as the schema says, fills in defaults and converts types. */
import { createContext, Script } from 'node:vm';
import { Ajv, type ErrorObject } from 'ajv';
import { fullFormats } from 'ajv-formats/dist/formats.js';
import type { Json, JsonObject } from '../kernel/json.js';
import { ruleText } from './rule-texts.js';
import { type DataSchema, fieldsOf, type Transform, TRANSFORMS } from './data-schema.js';

export interface CheckedData {
  readonly data: JsonObject;
  /** Maps each wrong or missing field (`disk`, `users.0.name`) to its problem. An empty name stands for the whole. */
  readonly problems: Readonly<Record<string, string>>;
}

/** `locale`: the language of the problems, for which the schema has texts (`rule-texts.ts`). */
export type DataCheck = (given: JsonObject, locale?: string | null) => CheckedData;

/** Returns the check for a schema. A schema is compiled once, because that takes some milliseconds. */
export type DataChecks = (schema: DataSchema) => DataCheck;

const MOST_PROBLEMS = 20;
/**
 * Milliseconds that a pattern may take. Some patterns never end for some texts. A text that cannot be judged in this
 * time is accepted, because the module's own check or its first step will judge it.
 */
const PATTERN_MS = 250;
/** A pattern that was too slow this many times is not used any more. */
const MOST_SLOW = 3;

export function dataChecks(): DataChecks {
  const known = new WeakMap<object, DataCheck>();
  return (schema) => {
    const check = known.get(schema) ?? dataCheck(schema);
    known.set(schema, check);
    return check;
  };
}

/** Throws an Error when the schema is not valid. */
export function dataCheck(schema: DataSchema): DataCheck {
  const ajv = new Ajv({
    ...{ allErrors: true, useDefaults: true, coerceTypes: true, strict: false, verbose: true },
    formats: fullFormats,
    logger: false,
    code: { regExp: Object.assign(boundedPattern, { code: 'new RegExp' }) },
  });
  const validate = ajv.compile(schema);
  return (given, locale) => {
    const data = transformed(schema, structuredClone(given)) as JsonObject;
    validate(data);
    return { data, problems: problemsOf(validate.errors ?? [], locale) };
  };
}

/** The data with every text changed as its schema says. */
function transformed(schema: DataSchema, value: Json): Json {
  if (typeof value === 'string') return transformsOf(schema).reduce((text, change) => text[change](), value);
  if (Array.isArray(value)) {
    const { items } = schema;
    return isSchema(items) ? value.map((item) => transformed(items, item)) : value;
  }
  if (typeof value !== 'object' || value === null) return value;
  const fields = fieldsOf(schema);
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
      return [name, field ? transformed(field, inner) : inner];
    }),
  );
}

function transformsOf({ transform }: DataSchema): Transform[] {
  return Array.isArray(transform) ? TRANSFORMS.filter((one) => transform.includes(one)) : [];
}

/** The problems never contain the values, because a value may be a secret that was sent in a wrong field. */
function problemsOf(errors: readonly ErrorObject[], locale?: string | null): Record<string, string> {
  const problems: Record<string, string> = {};
  for (const error of errors) {
    const [field, problem] = problemOf(error, locale);
    if (Object.keys(problems).length >= MOST_PROBLEMS) break;
    problems[field] ??= problem;
  }
  return problems;
}

function problemOf(error: ErrorObject, locale?: string | null): [string, string] {
  const { instancePath, keyword, params, message, parentSchema } = error;
  const at = instancePath.split('/').slice(1);
  const own: unknown = parentSchema?.['x-rule'];
  const named: unknown = keyword === 'required' ? params['missingProperty'] : params['additionalProperty'];
  if (typeof named === 'string') {
    const field: unknown = parentSchema && fieldsOf(parentSchema)[named];
    const text = ruleText(keyword === 'required' ? field : parentSchema, keyword, params, locale);
    return [[...at, named].join('.'), text ?? (keyword === 'required' ? 'is missing' : 'is not known')];
  }
  const text = ruleText(parentSchema, keyword, params, locale);
  if (text !== undefined) return [at.join('.'), text];
  if (typeof own === 'string') return [at.join('.'), own];
  const allowed: unknown = params['allowedValues'];
  if (Array.isArray(allowed)) return [at.join('.'), `must be one of: ${allowed.map(String).join(', ')}`];
  return [at.join('.'), (message ?? 'is not valid').replace('NOT', 'not')];
}

/** A pattern whose time is limited. Throws SyntaxError for an invalid pattern. */
function boundedPattern(pattern: string, flags: string): { test(text: string): boolean; toString(): string } {
  const sandbox = createContext({ pattern: new RegExp(pattern, flags), text: '' });
  const script = new Script('pattern.test(text)');
  let slow = 0;
  return {
    // Ajv uses this text to recognise the pattern
    toString: () => `/${pattern}/${flags}`,
    test(text) {
      if (slow >= MOST_SLOW) return true;
      sandbox['text'] = text;
      try {
        return script.runInContext(sandbox, { timeout: PATTERN_MS }) === true;
      } catch {
        slow += 1;
        return true;
      }
    },
  };
}

function isSchema(value: unknown): value is DataSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
