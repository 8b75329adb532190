/** The modules that a running daemon uses. They were read at its start or by the last rescan. */
import { within } from '../kernel/async/within.js';
import type { ModuleId } from '../model/module-record.js';
import type { ChosenModule } from './activation/choose-version.js';
import type { Catalogue } from './catalogue.js';
import type { DiscoveredModule } from './discovery/discover.js';
import type { KnownModule, ModulesInUse, Products } from './registry.js';

export interface LiveModules {
  readonly products: Products;
  readonly inUse: ModulesInUse;
  readonly known: () => readonly KnownModule[];
  /** The versions that are in use, and the modules that are not in use. */
  readonly chosen: () => readonly ChosenModule[];
  /** The module in its folder. */
  readonly found: (module: ModuleId) => DiscoveredModule | undefined;
  /** The module with this hash, in its folder or as a copy. */
  readonly withHash: (module: ModuleId, hash: string) => DiscoveredModule | undefined;
  /** Replaces what is known about these versions. */
  readonly put: (read: readonly DiscoveredModule[]) => void;
  /** Must be called after each change of the records. */
  readonly recordsChanged: () => void;
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
  /** Called when the modules that were read are used. */
  readonly afterwards?: (() => Promise<void>) | undefined;
  /** Chooses the versions again, with the present records. */
  readonly arrange: (catalogue: Pick<Catalogue, 'discovered' | 'copies' | 'unreadable'>) => Catalogue;
}

export function liveModules(
  first: Catalogue,
  { read, prepare, arrange, afterwards }: LiveModulesDeps,
): LiveModules {
  let current = first;
  let scan: Promise<true> | undefined;
  let preparing: Promise<void> = Promise.resolve();
  let isClosed = false;
  const run = async (): Promise<true> => {
    const next = await read(current);
    if (isClosed) return true;
    preparing = prepare(next);
    await preparing;
    // the records may have changed meanwhile
    current = arrange(next);
    await afterwards?.();
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
    chosen: () => current.chosen,
    found: (module) => current.discovered.find((one) => isSame(one, module)),
    withHash: (module, hash) =>
      [...current.discovered, ...current.copies].find((one) => isSame(one, module) && one.hash === hash),
    put(modules) {
      const isReplaced = (one: DiscoveredModule): boolean => modules.some(({ path }) => path === one.path);
      const copies = current.copies.filter((one) => !isReplaced(one));
      current = arrange({
        ...current,
        discovered: current.discovered.map((one) => modules.find(({ path }) => path === one.path) ?? one),
        copies: [...copies, ...modules.filter(({ isCopy }) => isCopy)],
      });
    },
    recordsChanged() {
      current = arrange(current);
    },
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

function isSame(a: ModuleId, b: ModuleId): boolean {
  return a.type === b.type && a.name === b.name;
}
