/** Looks names up at their authoritative servers, and follows aliases from zone to zone. */
import { getServers } from 'node:dns';
import type { LookupConfig } from './config.js';
import type { CaaRecord } from '../../../model/caa.js';
import { canonicalAddress } from '../../../model/address-pool.js';
import { withLimit } from '../../../kernel/async/with-limit.js';
import { Authoritative, bare, hostOf, type Settings } from './authoritative.js';
import type { FoundAddresses, LookupCall, NameLookup } from '../contract.js';
import { httpProbe } from './http-probe.js';
import type { QuestionType, Server } from './dns-query.js';

const MOST_ALIASES = 8;

export function nameLookup(config: LookupConfig): NameLookup {
  const texts = config.resolvers.length > 0 ? config.resolvers : getServers();
  const settings: Settings = {
    dns_port: config.dns_port,
    lab_networks: config.lab_networks,
    closed_networks: config.closed_networks,
    resolvers: texts.map((text) => resolverOf(text, config.resolvers.length > 0 ? config.dns_port : 53)),
  };
  const looking = <T>(
    { signal }: LookupCall,
    work: (servers: Authoritative, limit: AbortSignal) => Promise<T>,
  ): Promise<T> =>
    withLimit(signal, config.lookup_timeout_s * 1000, (limit) =>
      work(new Authoritative(settings, limit), limit),
    );
  return {
    addresses: (name, call) => looking(call, (servers) => addressesOf(servers, name)),
    texts: (name, call) =>
      looking(call, async (servers) => {
        const { values } = await follow(servers, name, ['TXT']);
        return [...new Set(values.map(textOf))];
      }),
    authorities: (name, call) => looking(call, (servers) => climb(servers, name)),
    nameServers: (zone, call) => looking(call, (servers) => servers.referral(zone)),
    knock: (asked, call) =>
      looking(call, (servers, limit) =>
        httpProbe(config, asked, async (name) => (await addressesOf(servers, name)).addresses, limit),
      ),
    close: async () => {},
  };
}

async function addressesOf(servers: Authoritative, name: string): Promise<FoundAddresses> {
  const chain = await follow(servers, name, ['A', 'AAAA']);
  const addresses = chain.values.flatMap((value) =>
    typeof value === 'string' ? (canonicalAddress(value) ?? []) : [],
  );
  return { addresses: [...new Set(addresses)], aliases: chain.names.slice(1) };
}

async function climb(
  servers: Authoritative,
  name: string,
): Promise<{ at: string; records: CaaRecord[] } | undefined> {
  for (let at = name; at !== ''; at = at.includes('.') ? at.slice(at.indexOf('.') + 1) : '') {
    const { values } = await follow(servers, at, ['CAA']).catch((error: unknown) => {
      // if the servers of a top-level domain cannot be queried, the top-level domain is skipped
      if (at.includes('.')) throw error;
      return { values: [] };
    });
    const records = values.flatMap((value) => caaOf(value));
    if (records.length > 0) return { at, records: unique(records) };
  }
  return undefined;
}

/**
 * Returns all values at the name, or at the name to which its aliases point. There may be several values, because the
 * servers may return different ones.
 */
async function follow(
  servers: Authoritative,
  name: string,
  types: readonly QuestionType[],
): Promise<{ values: unknown[]; names: string[] }> {
  const names = [name];
  const values: unknown[] = [];
  // the list grows during the loop
  for (const at of names) {
    const answers = (await Promise.all(types.map((type) => servers.ask(at, type)))).flat();
    for (const answer of answers) {
      if (bare(answer.name) !== at) continue;
      if (answer.type === 'CNAME') {
        const target = hostOf(answer.data);
        if (target !== undefined && !names.includes(target) && names.length <= MOST_ALIASES)
          names.push(target);
      } else if (types.some((type) => type === answer.type) && 'data' in answer) values.push(answer.data);
    }
  }
  return { values, names };
}

function textOf(value: unknown): string {
  const parts: unknown[] = Array.isArray(value) ? value : [value];
  return parts.map((part) => (Buffer.isBuffer(part) ? part.toString('utf8') : String(part))).join('');
}

function caaOf(value: unknown): CaaRecord[] {
  if (typeof value !== 'object' || value === null || !('tag' in value) || !('value' in value)) return [];
  const { tag, value: text } = value;
  if (typeof tag !== 'string' || typeof text !== 'string') return [];
  const flags = 'flags' in value && typeof value.flags === 'number' ? value.flags : 0;
  return [{ critical: (flags & 128) !== 0, tag, value: text }];
}

function unique(records: readonly CaaRecord[]): CaaRecord[] {
  return [...new Map(records.map((record) => [JSON.stringify(record), record])).values()];
}

function resolverOf(text: string, port: number): Server {
  const [, six, four, given] = /^(?:\[(.+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const address = six ?? four;
  return address === undefined ? { address: text, port } : { address, port: Number(given) };
}
