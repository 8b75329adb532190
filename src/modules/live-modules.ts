/** The modules of a running daemon: as of its start, or of the last rescan. */
import { within } from '../kernel/async/within.js';
import type { Catalogue } from './catalogue.js';
import type { KnownModule, Products } from './registry.js';

export interface LiveModules {
  readonly products: Products;
  readonly known: () => readonly KnownModule[];
  /**
   * Reads the modules of other authors again, and uses them from then on. Joins a scan that is already running.
   * Resolves to true when the scan has ended, or to false after `mostMs`. Rejects with what `read` throws.
   */
  readonly rescan: (mostMs: number) => Promise<boolean>;
  /** Modules that are being read are not used any more. Resolves when nothing is written any more. */
  readonly close: () => Promise<void>;
}

export interface LiveModulesDeps {
  /** Shipped modules are part of the running release, and are not read again. */
  readonly read: (before: Catalogue) => Promise<Catalogue>;
  /** Prepares modules before they are used. */
  readonly prepare: (products: Products) => Promise<void>;
}

export function liveModules(first: Catalogue, { read, prepare }: LiveModulesDeps): LiveModules {
  let current = first;
  let scan: Promise<true> | undefined;
  let preparing: Promise<void> = Promise.resolve();
  let isClosed = false;
  const run = async (): Promise<true> => {
    const next = await read(current);
    if (isClosed) return true;
    preparing = prepare(next.products);
    await preparing;
    current = next;
    return true;
  };
  const start = (): Promise<true> => {
    const begun = run().finally(() => {
      scan = undefined;
    });
    // its callers may have stopped waiting
    begun.catch(() => {});
    scan = begun;
    return begun;
  };
  return {
    products: {
      list: () => current.products.list(),
      find: (name) => current.products.find(name),
      get: (name) => current.products.get(name),
    },
    known: () => current.modules,
    async rescan(mostMs) {
      const running = scan ?? start();
      const ended = running.then(
        () => true,
        () => true,
      );
      // the scan's own promise rejects with its error
      return (await within(ended, mostMs)) === true && running;
    },
    async close() {
      isClosed = true;
      await preparing.catch(() => {});
    },
  };
}
