/** Checks the replies of module code before they become responses. */
import { isFields } from '../../kernel/is-fields.js';
import { REPLY_BOUNDS } from './messages.js';

export interface CheckedReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
  readonly isStream: boolean;
  /** Names of headers that a module must not set, or whose values cannot be sent. */
  readonly dropped: readonly string[];
}

/**
 * Headers that describe the content. Others could change the connection, make a proxy in front of the agent serve
 * files, or set cookies for the dashboard.
 */
const HEADERS: readonly string[] = [
  ...['access-control-allow-headers', 'access-control-allow-methods', 'access-control-allow-origin'],
  ...['cache-control', 'content-disposition', 'content-language', 'content-type', 'etag', 'expires'],
  ...['last-modified', 'link', 'location', 'retry-after', 'vary', 'www-authenticate'],
];
const MOST_HEADERS = 50;
const LONGEST_VALUE = 2_000;
const SHOWN_NAME = 60;
const TYPE = /^[A-Za-z0-9.+-]+\/[A-Za-z0-9.+*-]+(?:;[\x20-\x7e]*)?$/;

/** Throws an Error that says what is wrong with the reply. */
export function checkReply(raw: unknown): CheckedReply {
  if (!isFields(raw) || !isFields(raw['headers'])) throw new Error('its reply is incomplete');
  const { status, headers, body = null, isStream } = raw;
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 200 || status > 599)
    throw new Error('the status of its reply is not a number from 200 to 599');
  if (body !== null && typeof body !== 'string') throw new Error('the body of its reply is not a string');
  const bytes = body === null ? null : Buffer.from(body, 'base64');
  if (bytes && bytes.length > REPLY_BOUNDS.body)
    throw new Error(`its reply is larger than ${REPLY_BOUNDS.body} bytes`);
  const given = Object.entries(headers).slice(0, MOST_HEADERS);
  const kept = given.filter(([name, value]) => isAllowed(name, value));
  const dropped = given.filter(([name, value]) => !isAllowed(name, value));
  return {
    ...{ status, body: bytes, isStream: isStream === true },
    headers: Object.fromEntries(kept) as Record<string, string>,
    dropped: dropped.map(([name]) => name.slice(0, SHOWN_NAME)),
  };
}

function isAllowed(name: string, value: unknown): boolean {
  if (!HEADERS.includes(name) || typeof value !== 'string') return false;
  if (value.length > LONGEST_VALUE || !/^[\x20-\x7e]*$/.test(value)) return false;
  if (name === 'content-type') return TYPE.test(value);
  return name !== 'location' || isRedirect(value);
}

/** A path of the agent, or an https URL. */
function isRedirect(value: string): boolean {
  return /^\/(?![/\\])/.test(value) || /^https:\/\/[^\s/]/i.test(value);
}
