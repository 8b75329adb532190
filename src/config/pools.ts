/** Address pools: converts the two forms of the file to a first and a last address, and checks the rules for them. */
import ipaddr from 'ipaddr.js';
import { canonicalAddress } from '../model/address-pool.js';
import type { PoolConfig } from './config.js';
import type { ConfigProblem } from './error.js';
import type { ConfigFile } from './schema.js';

type PoolEntry = ConfigFile['addresses']['pools'][number];

interface Range {
  readonly name: string;
  readonly bits: number;
  readonly first: bigint;
  readonly last: bigint;
}

export function poolOf(entry: PoolEntry): PoolConfig {
  const [first, last] = endsOf(entry);
  const canonical = (text: string): string => canonicalAddress(text) ?? text;
  return {
    name: entry.name,
    first: canonical(first),
    last: canonical(last),
    prefix: entry.prefix,
    gateway: canonical(entry.gateway),
    bridge: entry.bridge ?? null,
    vlan: entry.vlan ?? null,
    plans_only: entry.plans_only,
  };
}

function endsOf(entry: PoolEntry): [string, string] {
  if (entry.range === undefined) return [entry.first ?? '', entry.last ?? ''];
  const [first = '', last = ''] = entry.range.split('-').map((text) => text.trim());
  return [first, last];
}

/**
 * An entry is undefined if another check has already rejected it. It keeps its place in the list, so that the positions
 * in the messages are correct.
 */
export function poolProblems(key: string, entries: readonly (PoolEntry | undefined)[]): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const ranges: Range[] = [];
  for (const [n, entry] of entries.entries()) {
    if (!entry) continue;
    const at = `${key}.${n}`;
    const found = rangeOf(entry);
    if (typeof found === 'string') {
      problems.push({ key: at, problem: found });
      continue;
    }
    for (const other of ranges) {
      if (other.name === found.name)
        problems.push({
          key: `${at}.name`,
          problem: `found "${found.name}" twice, expected unique names`,
        });
      if (other.bits === found.bits && other.first <= found.last && found.first <= other.last)
        problems.push({
          key: at,
          problem: `found addresses of pool "${other.name}" in this pool, expected no overlap`,
        });
    }
    ranges.push(found);
  }
  return problems;
}

/** The range, or a description of what is wrong with the pool. */
function rangeOf(entry: PoolEntry): Range | string {
  const given = [entry.range, entry.first, entry.last].map((each) => each !== undefined);
  if (!['true,false,false', 'false,true,true'].includes(given.join()))
    return 'found an incomplete range, expected either `range`, or `first` and `last`';
  const { first, last, gateway, prefix } = poolOf(entry);
  const parsed = [first, last, gateway].map((text) =>
    canonicalAddress(text) === undefined ? undefined : ipaddr.parse(text),
  );
  const [from, to, via] = parsed;
  if (!from || !to || !via) return `found ${first} - ${last}, expected two IPv4 or IPv6 addresses`;
  if (from.kind() !== to.kind() || from.kind() !== via.kind())
    return `found ${first}, ${last} and gateway ${gateway}, expected addresses of one family`;
  const bits = from.toByteArray().length * 8;
  if (prefix > bits) return `found prefix ${prefix}, expected at most ${bits}`;
  const host = BigInt(bits - prefix);
  const numbers = { first: numberOf(from), last: numberOf(to), via: numberOf(via) };
  if (numbers.first > numbers.last) return `found ${first} after ${last}, expected the lower address first`;
  if (numbers.first >> host !== numbers.last >> host)
    return `found ${first} and ${last} in different networks of prefix ${prefix}, expected one network`;
  if (numbers.first >> host !== numbers.via >> host)
    return `found gateway ${gateway} outside the network ${first}/${prefix}, expected a gateway inside the network`;
  return { name: entry.name, bits, first: numbers.first, last: numbers.last };
}

function numberOf(address: ipaddr.IPv4 | ipaddr.IPv6): bigint {
  return address.toByteArray().reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}
