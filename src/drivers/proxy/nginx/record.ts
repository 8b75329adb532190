/**
 * The record of a site, from which nginx's configuration is rendered. The values of the record become part of this
 * configuration. Therefore a record is strictly checked both when it is written and when it is read.
 */
import ipaddr from 'ipaddr.js';
import { Type } from 'typebox';
import { lazyCheck } from '../../../kernel/lazy-check.js';
import { AgentError } from '../../../kernel/errors.js';
import { isHostName } from '../../../kernel/host-name.js';
import type { Mark } from '../../../kernel/mark.js';
import { ID_PATTERN } from '../../../model/service.js';
import type { ProxyHost } from '../contract.js';

/** `sites/<panel>~<service>~<generation>.json` */
export const RECORD_FILE =
  /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}~[A-Za-z0-9_][A-Za-z0-9._-]{0,63}~\d{1,9}\.json$/;
const MOST_NAMES = 20_001;

const Strict = { additionalProperties: false };
const RecordSchema = Type.Object(
  {
    schema: Type.Literal(1),
    mark: Type.Object(
      {
        agent: Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$' }),
        panel: Type.String({ pattern: ID_PATTERN.source }),
        service: Type.String({ pattern: ID_PATTERN.source }),
        generation: Type.Integer({ minimum: 0, maximum: 999_999_999 }),
      },
      Strict,
    ),
    names: Type.Array(Type.String(), { minItems: 1, maxItems: MOST_NAMES, uniqueItems: true }),
    upstream: Type.Object(
      { address: Type.String({ maxLength: 45 }), port: Type.Integer({ minimum: 1, maximum: 65_535 }) },
      Strict,
    ),
    state: Type.Union([
      Type.Literal('preparing'),
      Type.Literal('enabled'),
      Type.Literal('suspended'),
      Type.Literal('disabled'),
    ]),
  },
  Strict,
);
const record = lazyCheck(RecordSchema);

export function fileNameOf(mark: Mark): string {
  const name = `${mark.panel}~${mark.service}~${mark.generation}.json`;
  if (!RECORD_FILE.test(name)) throw refused(`not a mark for a record: ${JSON.stringify(mark)}`);
  return name;
}

/** Validates the value and returns it unchanged. Throws `proxy_failed` with the reason if the value is invalid. */
export function checkHost(value: ProxyHost): ProxyHost {
  const { mark, names, upstream, state } = value;
  return check({ schema: 1, mark, names, upstream, state });
}

export function encodeRecord(host: ProxyHost): string {
  return `${JSON.stringify({ schema: 1, ...checkHost(host) }, undefined, 1)}\n`;
}

/**
 * Parses the text of a file. Throws `proxy_failed` if the text is not a valid record, or if the mark in the record
 * does not match the name of the file.
 */
export function decodeRecord(fileName: string, text: string): ProxyHost {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refused(`not JSON: ${String(error)}`);
  }
  const host = check(value);
  if (fileNameOf(host.mark) !== fileName) throw refused(`it belongs in ${fileNameOf(host.mark)}`);
  return host;
}

function check(value: unknown): ProxyHost {
  if (!record.Check(value)) {
    const first = record.Errors(value)[0];
    throw refused(`record${first?.instancePath ?? ''} ${first?.message ?? 'is not a record'}`);
  }
  value.names.forEach(checkName);
  upstreamOf(value.upstream);
  const { mark, names, upstream, state } = value;
  return { mark, names, upstream, state };
}

/** Throws `proxy_failed`. */
export function checkName(name: string): void {
  if (!isHostName(name)) throw refused(`not a host name: ${JSON.stringify(name)}`);
}

/** Formats an address that was parsed before as `10.0.0.5:80` or `[fd00::5]:80`. */
export function upstreamOf(upstream: ProxyHost['upstream']): string {
  const { address, port } = upstream;
  const plain =
    !address.includes('%') && (ipaddr.IPv4.isValidFourPartDecimal(address) || ipaddr.IPv6.isValid(address));
  if (!plain) throw refused(`not an IP address: ${JSON.stringify(address)}`);
  const parsed = ipaddr.parse(address);
  const range = parsed.range();
  if (range === 'unspecified' || range === 'multicast' || range === 'broadcast') {
    throw refused(`the proxy cannot forward requests to a ${range} address: ${address}`);
  }
  return parsed.kind() === 'ipv6' ? `[${parsed.toString()}]:${port}` : `${parsed.toString()}:${port}`;
}

export function refused(detail: string): AgentError {
  return new AgentError('proxy_failed', 'The reverse proxy refused the configuration.', {
    role: 'reverse proxy',
    detail,
  });
}
