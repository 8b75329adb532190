/**
 * Turns a module's request into the bytes to send. Here, and nowhere earlier, the values of secrets are inserted. The
 * result must not be logged or become part of an error.
 */
import type { ModuleCaller } from '../../jobs/effects/module-calls.js';
import type { HttpRequest, Text } from '../kit/module-call-types.js';
import { clearTextOf, refused } from './call.js';

export interface HttpMessage {
  readonly url: URL;
  readonly method: NonNullable<HttpRequest['method']>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** The agent sets these headers itself. */
const OWN_HEADERS: readonly string[] = [
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** Throws `module_failed` if the request is contradictory, or refers to a secret that does not exist. */
export async function messageOf(caller: ModuleCaller, request: HttpRequest): Promise<HttpMessage> {
  const { method = 'GET' } = request;
  const url = urlOf(request);
  const content = await contentOf(caller, request);
  if (content && (method === 'GET' || method === 'HEAD'))
    throw refused('The module sent an invalid HTTP request.', `${method} cannot have a body`);
  const headers: Record<string, string> = {
    'user-agent': 'innkeeper',
    ...(content?.type === undefined ? {} : { 'content-type': content.type }),
  };
  const authorization = await authorizationOf(caller, request);
  if (authorization !== undefined) headers['authorization'] = authorization;
  for (const [name, value] of Object.entries(request.headers ?? {})) {
    const key = name.toLowerCase();
    if (OWN_HEADERS.includes(key))
      throw refused('The module sent an invalid HTTP request.', `the header ${key} is set by the agent`);
    headers[key] = headerValue(key, await clearTextOf(caller, value));
  }
  return { url, method, headers, body: content?.body ?? null };
}

/** Throws `module_failed`. */
export function urlOf({ url: text, baseUrl, query = {} }: HttpRequest): URL {
  const base = baseUrl === undefined ? undefined : parsed(baseUrl);
  // a path is below the path of the base, also if it begins with a slash
  const full = base && !/^[a-z][a-z0-9+.-]*:/i.test(text) ? joined(base, text) : text;
  const url = parsed(full);
  if (base && url.origin !== base.origin)
    throw refused('The module sent an invalid HTTP request.', `the URL is not below ${base.origin}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.append(name, String(value));
  url.hash = '';
  return url;
}

function joined(base: URL, path: string): string {
  return `${base.origin}${base.pathname.replace(/\/$/, '')}/${path.replace(/^\//, '')}`;
}

function parsed(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url) throw refused('The module sent an invalid HTTP request.', 'the URL is not valid');
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw refused(
      'The module sent an invalid HTTP request.',
      `the URL must begin with http: or https:, not with ${url.protocol}`,
    );
  if (url.username !== '' || url.password !== '')
    throw refused('The module sent an invalid HTTP request.', 'the URL contains a user name; use basicAuth');
  return url;
}

async function contentOf(
  caller: ModuleCaller,
  { form, json, body, literalJson = false }: HttpRequest,
): Promise<{ readonly body: string; readonly type?: string } | undefined> {
  const given = [form, json, body].filter((one) => one !== undefined);
  if (given.length > 1)
    throw refused('The module sent an invalid HTTP request.', 'it has more than one of form, json and body');
  if (form) {
    const fields = new URLSearchParams();
    for (const [name, value] of Object.entries(form)) fields.append(name, await clearTextOf(caller, value));
    return { body: fields.toString(), type: 'application/x-www-form-urlencoded' };
  }
  if (json !== undefined) {
    const value = literalJson ? json : await withSecrets(caller, json);
    return { body: JSON.stringify(value), type: 'application/json' };
  }
  return body === undefined ? undefined : { body };
}

/** A copy in which each `{secret: name}` is replaced by the secret. */
async function withSecrets(caller: ModuleCaller, value: unknown): Promise<unknown> {
  if (Array.isArray(value)) return Promise.all(value.map((item: unknown) => withSecrets(caller, item)));
  if (typeof value !== 'object' || value === null) return value;
  const entries: [string, unknown][] = Object.entries(value);
  const [first] = entries;
  if (entries.length === 1 && first?.[0] === 'secret' && typeof first[1] === 'string')
    return clearTextOf(caller, { secret: first[1] });
  return Object.fromEntries(
    await Promise.all(
      entries.map(async ([key, item]): Promise<[string, unknown]> => [key, await withSecrets(caller, item)]),
    ),
  );
}

async function authorizationOf(
  caller: ModuleCaller,
  { basicAuth, bearer }: HttpRequest,
): Promise<string | undefined> {
  if (basicAuth) {
    const [user, password] = await Promise.all(
      [basicAuth.user, basicAuth.password].map((text: Text) => clearTextOf(caller, text)),
    );
    return `Basic ${Buffer.from(`${user ?? ''}:${password ?? ''}`).toString('base64')}`;
  }
  return bearer === undefined
    ? undefined
    : `Bearer ${headerValue('authorization', await clearTextOf(caller, bearer))}`;
}

/** The value, which must not contain line breaks. The error does not contain the value, because it may be a secret. */
function headerValue(name: string, value: string): string {
  if (/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) return value;
  throw refused('The module sent an invalid HTTP request.', `the value of the header ${name} is not valid`);
}
