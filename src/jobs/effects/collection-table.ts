/** Maps the calls to collections to their implementation. Every kind of subject offers them. */
import type { HostCallAnswer, HostCallArgs, ServiceCallName } from '../../modules/kit/host-calls.js';
import * as collections from './collection-calls.js';
import type { CollectionCaller } from './collection-calls.js';

export type CollectionCallName = Extract<ServiceCallName, `collections.${string}`>;

const CALLS: {
  readonly [N in CollectionCallName]: (
    caller: CollectionCaller,
    ...args: HostCallArgs<N>
  ) => Promise<HostCallAnswer<N>>;
} = {
  'collections.create': collections.create,
  'collections.insertMany': collections.insertMany,
  'collections.get': collections.get,
  'collections.page': collections.page,
  'collections.update': collections.update,
  'collections.delete': collections.remove,
};

export function isCollectionCall(name: string): name is CollectionCallName {
  return Object.hasOwn(CALLS, name);
}

/** The arguments must match the schema of the call. */
export function carryOutCollectionCall(
  caller: CollectionCaller,
  name: CollectionCallName,
  args: readonly unknown[],
): Promise<unknown> {
  // each function has the right type for its name, but the compiler cannot express that for the union of all names
  const run = CALLS[name] as (caller: CollectionCaller, ...args: readonly unknown[]) => Promise<unknown>;
  return run(caller, ...args);
}
