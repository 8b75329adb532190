/** Makes the request that a handler gets. This runs in the process of the module, also the checks of the body. */
import { dirname, join } from 'node:path';
import { AgentError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import { isFields } from '../../kernel/is-fields.js';
import { withRuleTexts } from '../../model/rule-texts.js';
import type { ModuleRequest } from '../kit/request.js';
import { readLanguages } from '../kit/lang-files.js';
import type { RequestCall, SentRequest } from './messages.js';

/** Throws `validation_failed` for a body that does not match `schema`, and `invalid_json`. */
export async function readRequest(
  { body: encoded, ...sent }: SentRequest,
  schema: JsonObject | undefined,
  { modulePath, locale }: Pick<RequestCall, 'modulePath' | 'locale'>,
): Promise<ModuleRequest> {
  const body = Buffer.from(encoded, 'base64');
  const text = body.toString('utf8');
  let given: { readonly value: Json } | undefined;
  const read = (): Json => (given ??= { value: dataIn(sent.headers['content-type'] ?? '', text) }).value;
  if (schema) given = { value: await checkedInput(withTexts(schema, modulePath), read(), locale) };
  return {
    ...sent,
    body,
    text,
    // a handler that verifies a signature must not fail because of a body that it does not read
    get input() {
      return read();
    },
  };
}

function dataIn(type: string, text: string): Json {
  if (text.trim() === '') return null;
  if (/^application\/(?:[a-z0-9.+-]*\+)?json\b/i.test(type)) return parsed(text);
  if (/^application\/x-www-form-urlencoded\b/i.test(type))
    return Object.fromEntries(new URLSearchParams(text));
  return null;
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new AgentError('invalid_json', 'The request body is not valid JSON.');
  }
}

function withTexts(schema: JsonObject, modulePath: string): JsonObject {
  return withRuleTexts(schema, readLanguages(join(dirname(modulePath), 'lang'))) as JsonObject;
}

async function checkedInput(schema: JsonObject, value: Json, locale: string | null): Promise<JsonObject> {
  if (value !== null && !isFields(value))
    throw new AgentError('validation_failed', 'The request body must be an object.', { fields: {} });
  // few routes declare a schema, and the checker takes a while to load
  const { dataCheck } = await import('../../model/data-check.js');
  const { data, problems } = dataCheck(schema)(value ?? {}, locale);
  if (Object.keys(problems).length === 0) return data;
  throw new AgentError('validation_failed', 'The request is not valid.', { fields: problems });
}
