/** Usage of a limited supply: the addresses of a pool, VMIDs, or the places on a group of servers. */
import { type AddressPool, rangeOf, valueIn } from './address-pool.js';

export interface PoolUse {
  /** Name of the address pool, `vmids`, or a group of servers such as `servers product/panel default`. */
  readonly pool: string;
  readonly used: number;
  readonly total: number;
}

/** `used` contains all addresses that are in use, from every pool. */
export function usesOfAddresses(pools: readonly AddressPool[], used: ReadonlySet<string>): PoolUse[] {
  const ranges = pools.map((pool) => ({ pool: pool.name, range: rangeOf(pool), used: new Set<bigint>() }));
  for (const address of used)
    for (const { range, used: taken } of ranges) {
      const value = valueIn(range, address);
      if (value !== undefined) taken.add(value);
    }
  return ranges.map(({ pool, range, used: taken }) => ({
    pool,
    used: taken.size,
    total: Number(range.size),
  }));
}

export function useOfNumbers(
  { first, last }: { readonly first: number; readonly last: number },
  used: ReadonlySet<number>,
): PoolUse {
  const within = [...used].filter((number) => number >= first && number <= last);
  return { pool: 'vmids', used: within.length, total: last - first + 1 };
}
