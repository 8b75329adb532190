/** Validates a request against the schema of its route, and describes each invalid field in words. */
import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { AgentError } from '../../kernel/errors.js';
import { normalizePhpJson } from './php-json-quirks.js';
import { invalid } from '../../kernel/invalid.js';

interface Problem {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: object;
  readonly message: string;
}

/**
 * The annotation with which a schema describes its rule for a value, such as `must be 1 to 64 letters`. Callers get
 * this text instead of the validator's message.
 */
const RULE = 'x-rule';

/**
 * Converts text from the query string to numbers and booleans if the schema requires these types. An empty parameter
 * is treated as absent. Values in a JSON body are not converted, except for known quirks of PHP.
 */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  let compiled: Validator | undefined;
  let read: ((sent: unknown) => unknown) | undefined;
  return (raw: unknown) => {
    // a validator is compiled on first use, because validators for all endpoints of both listeners would need
    // megabytes of memory that most daemons never use
    const validator = (compiled ??= Compile(schema));
    const sent =
      httpPart === 'body' || httpPart === 'querystring' ? (read ??= normalizePhpJson(schema))(raw) : raw;
    if (validator.Check(sent)) return { value: sent };
    const value = httpPart === 'body' ? sent : plainlyConverted(validator, sent);
    if (validator.Check(value)) return { value };
    return { error: describe(schema, validator.Errors(value), httpPart === 'body') };
  };
};

/** Converts decimal numbers only. Other text (`0x10`, `1e2`, `true`) stays text. */
function plainlyConverted(validator: Validator, sent: unknown): unknown {
  // the conversion changes the values of the request in place
  const before = new Map<string, unknown>(
    typeof sent === 'object' && sent !== null ? Object.entries(sent) : [],
  );
  const converted = validator.Convert(sent);
  if (typeof converted !== 'object' || converted === null) return converted;
  return Object.fromEntries(
    Object.entries(converted).map(([name, value]: [string, unknown]) => {
      const text = before.get(name);
      const isOdd = typeof value === 'number' && typeof text === 'string' && !/^-?\d+$/.test(text);
      return [name, isOdd ? text : value];
    }),
  );
}

function describe(schema: TSchema, problems: readonly Problem[], isBody: boolean): AgentError {
  const fields: Record<string, string> = {};
  for (const problem of problems) {
    const [, name] = problem.instancePath.split('/');
    if (name !== undefined && name !== '') fields[name] ??= ruleOf(schema, name) ?? plain(problem);
    else for (const missing of missingOf(problem)) fields[missing] ??= 'is required';
  }
  if (Object.keys(fields).length > 0) return invalid(fields);
  const whole: unknown = Reflect.get(schema, RULE);
  const bodyRule = typeof whole === 'string' ? whole : 'must be a JSON object';
  return new AgentError(
    'invalid_request',
    isBody ? `The request body ${bodyRule}.` : 'The parameters are not valid.',
    { fields: {} },
  );
}

function missingOf(problem: Problem): string[] {
  const names: unknown = Reflect.get(problem.params, 'requiredProperties');
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
}

function ruleOf(schema: TSchema, field: string): string | undefined {
  const properties: unknown = Reflect.get(schema, 'properties');
  if (typeof properties !== 'object' || properties === null) return undefined;
  const own: unknown = Object.hasOwn(properties, field) ? Reflect.get(properties, field) : undefined;
  const rule: unknown = typeof own === 'object' && own !== null ? Reflect.get(own, RULE) : undefined;
  return typeof rule === 'string' ? rule : undefined;
}

function plain(problem: Problem): string {
  return problem.message.replace(/^must be string$/, 'must be a string');
}
