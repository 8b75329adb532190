/** The modules that a running daemon uses. They were read at its start or by the last rescan. */
import { within } from '../kernel/async/within.js';
import type { Catalogue } from './catalogue.js';
import type { KnownModule, ModulesInUse, Products } from './registry.js';

export interface LiveModules {
  readonly products: Products;
  readonly inUse: ModulesInUse;
  readonly known: () => readonly KnownModule[];
  /**
   * Reads the modules of other authors again. When all are read, the daemon uses them. If a scan is already running,
   * waits for that scan. Resolves to true when the scan has ended, or to false after `mostMs`. Rejects with what `read`
   * throws.
   */
  readonly rescan: (mostMs: number) => Promise<boolean>;
  /** Ends the rescans. If modules are being read, they will not be used. Resolves when no files are being written. */
  readonly close: () => Promise<void>;
}

export interface LiveModulesDeps {
  /** Reads the modules. The shipped modules are taken from `before`, because they are part of the running release. */
  readonly read: (before: Catalogue) => Promise<Catalogue>;
  /** Prepares modules before they are used. */
  readonly prepare: (next: Pick<Catalogue, 'products' | 'inUse'>) => Promise<void>;
}

export function liveModules(first: Catalogue, { read, prepare }: LiveModulesDeps): LiveModules {
  let current = first;
  let scan: Promise<true> | undefined;
  let preparing: Promise<void> = Promise.resolve();
  let isClosed = false;
  const run = async (): Promise<true> => {
    const next = await read(current);
    if (isClosed) return true;
    preparing = prepare(next);
    await preparing;
    current = next;
    return true;
  };
  const start = (): Promise<true> => {
    const begun = run().finally(() => {
      scan = undefined;
    });
    // the rejection must not end the process if all callers have stopped waiting
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
    inUse: {
      list: () => current.inUse.list(),
      find: (type, name) => current.inUse.find(type, name),
    },
    known: () => current.modules,
    async rescan(mostMs) {
      const running = scan ?? start();
      const ended = running.then(
        () => true,
        () => true,
      );
      // `ended` never rejects; an error of the scan reaches the caller through `running`
      return (await within(ended, mostMs)) === true && running;
    },
    async close() {
      isClosed = true;
      await preparing.catch(() => {});
    },
  };
}
