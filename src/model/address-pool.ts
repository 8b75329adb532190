/** Chooses the next address of a pool. */
import ipaddr from 'ipaddr.js';

export interface AddressPool {
  readonly name: string;
  /** First and last address of the range, inclusive; both of the same family. */
  readonly first: string;
  readonly last: string;
  /** The network prefix length to configure in the container. */
  readonly prefix: number;
  readonly gateway: string;
  /** The bridge of the pool's network. Null or absent: the bridge of all containers. */
  readonly bridge?: string | null;
  /** VLAN tag of the pool's network. Null or absent: none if the pool has a bridge, else that of all containers. */
  readonly vlan?: number | null;
  /** Whether only plans that name the pool get its addresses. Default: false. */
  readonly plans_only?: boolean;
}

export type Family = 4 | 6;

interface Value {
  readonly family: Family;
  readonly number: bigint;
}

const BITS: Readonly<Record<Family, number>> = { 4: 32, 6: 128 };

/**
 * The canonical form of an address (RFC 5952 for IPv6), or undefined when the text is not an address. Short forms
 * such as `10.1` are not accepted.
 */
export function canonicalAddress(text: string): string | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text).toString();
  return ipaddr.IPv6.isValid(text) && !text.includes('%')
    ? ipaddr.IPv6.parse(text).toRFC5952String()
    : undefined;
}

/** Address ranges to which packets from visitors are never routed. */
const UNREACHABLE: readonly string[] = ['unspecified', 'loopback', 'linkLocal', 'multicast', 'broadcast'];

/** False for unspecified, loopback, link-local, multicast and broadcast addresses. Private addresses can be reached. */
export function canBeReached(address: string): boolean {
  const parsed = ipaddr.process(address);
  return (
    !UNREACHABLE.includes(parsed.range()) && !(parsed.kind() === 'ipv4' && parsed.toByteArray()[0] === 0)
  );
}

/** `networks`: CIDRs or addresses. */
export function isWithin(address: string, networks: readonly string[]): boolean {
  const parsed = ipaddr.process(address);
  return networks.some((network) => {
    const [range, bits] = network.includes('/')
      ? ipaddr.parseCIDR(network)
      : [ipaddr.process(network), ipaddr.process(network).kind() === 'ipv4' ? 32 : 128];
    return range.kind() === parsed.kind() && parsed.match(range, bits);
  });
}

export function familyOf(pool: AddressPool): Family {
  return pool.first.includes(':') ? 6 : 4;
}

function valueOf(address: string): Value {
  const bytes = ipaddr.parse(address).toByteArray();
  const number = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return { family: bytes.length === 4 ? 4 : 6, number };
}

function textOf({ family, number }: Value): string {
  const bytes = Array.from({ length: BITS[family] / 8 }, (_, index) =>
    Number((number >> BigInt(BITS[family] - 8 * (index + 1))) & 255n),
  );
  return family === 4 ? bytes.join('.') : new ipaddr.IPv6(bytes).toRFC5952String();
}

/** True for the reserved addresses of the network: the first one and, in IPv4, also the last one. */
function isSetAside({ family, number }: Value, prefix: number): boolean {
  const hostBits = BigInt(BITS[family] - prefix);
  if (hostBits < 2n) return false;
  const host = number & ((1n << hostBits) - 1n);
  return host === 0n || (family === 4 && host === (1n << hostBits) - 1n);
}

export interface Range {
  readonly family: Family;
  readonly first: bigint;
  readonly last: bigint;
  /** Number of addresses that can be assigned. */
  readonly size: bigint;
  readonly isGivenOut: (number: bigint) => boolean;
}

export function rangeOf(pool: AddressPool): Range {
  const { family, number: first } = valueOf(pool.first);
  const { number: last } = valueOf(pool.last);
  const gateway = valueOf(pool.gateway).number;
  const hostBits = BigInt(BITS[family] - pool.prefix);
  const base = (first >> hostBits) << hostBits;
  const isGivenOut = (number: bigint): boolean =>
    number >= first && number <= last && number !== gateway && !isSetAside({ family, number }, pool.prefix);
  // a pool lies within one network, so only the network's first and last address and the gateway can be excluded
  const special = new Set([base, base + (1n << hostBits) - 1n, gateway]);
  const without = [...special].filter((number) => number >= first && number <= last && !isGivenOut(number));
  return { family, first, last, size: last - first + 1n - BigInt(without.length), isGivenOut };
}

/** The address as a number, or undefined if the range cannot assign this address. */
export function valueIn(range: Range, address: string): bigint | undefined {
  if (!ipaddr.isValid(address)) return undefined;
  const { family, number } = valueOf(address);
  return family === range.family && range.isGivenOut(number) ? number : undefined;
}

/** The first free number from `start` to `last`, then from `first` upwards. */
export function firstFree(
  range: { readonly first: bigint; readonly last: bigint },
  start: bigint,
  isTaken: (value: bigint) => boolean,
): bigint | undefined {
  const from = start < range.first || start > range.last ? range.first : start;
  for (let value = from; value <= range.last; value += 1n) if (!isTaken(value)) return value;
  for (let value = range.first; value < from; value += 1n) if (!isTaken(value)) return value;
  return undefined;
}

/**
 * The next free address of the pool, or undefined when the pool is used up. The search starts after `after` and wraps
 * around once, so that an address just released is not reused at once. Gateway, network and broadcast addresses are
 * never assigned.
 */
export function findFreeAddress(
  pool: AddressPool,
  isTaken: (address: string) => boolean,
  after?: string,
): string | undefined {
  const first = valueOf(pool.first);
  const gateway = valueOf(pool.gateway).number;
  const start = after === undefined ? first.number : valueOf(after).number + 1n;
  const found = firstFree({ first: first.number, last: valueOf(pool.last).number }, start, (number) => {
    const value = { family: first.family, number };
    return number === gateway || isSetAside(value, pool.prefix) || isTaken(textOf(value));
  });
  return found === undefined ? undefined : textOf({ family: first.family, number: found });
}
