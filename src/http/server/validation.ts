/** Checks what came in against a route's schema; says what is wrong field by field in words. */
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
 * A schema's own sentence about itself, e.g. `must be 1 to 64 letters`: what a caller reads instead of the
 * validator's words.
 */
const RULE = 'x-rule';

/**
 * Text from the query string is turned into the numbers and booleans that a schema asks for, and an empty parameter
 * is none; a JSON body must have the right types itself, PHP's habits aside.
 */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  let compiled: Validator | undefined;
  let read: ((sent: unknown) => unknown) | undefined;
  return (raw: unknown) => {
    // when first needed: two doors with all their calls would take megabytes that most daemons never use
    const validator = (compiled ??= Compile(schema));
    const sent =
      httpPart === 'body' || httpPart === 'querystring' ? (read ??= normalizePhpJson(schema))(raw) : raw;
    if (validator.Check(sent)) return { value: sent };
    const value = httpPart === 'body' ? sent : plainlyConverted(validator, sent);
    if (validator.Check(value)) return { value };
    return { error: describe(schema, validator.Errors(value), httpPart === 'body') };
  };
};

/** What is not written as a number in decimal digits (`0x10`, `1e2`, `true`) stays the text that it is. */
function plainlyConverted(validator: Validator, sent: unknown): unknown {
  // converting changes what was sent
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
