/** Gives module code access to its own collections, and migrates their documents. */
import type { Logger } from 'pino';
import { AgentError } from '../../kernel/errors.js';
import { CollectionError } from '../../model/collection-error.js';
import type { CollectionId, CollectionShape } from '../../model/collection.js';
import type { ModuleType } from '../../model/module-view.js';
import type { CallingModule, CollectionAccess } from '../../jobs/effects/collection-access.js';
import { unusable } from '../../jobs/engine/bounded-call.js';
import type { ProcessOptions } from '../../jobs/engine/processes.js';
import type { CollectionStore } from '../../state/contract.js';
import type { CollectionRef } from '../kit/collection-types.js';
import type { Declarations } from '../kit/declarations.js';
import { openMigrator } from './migrator.js';
import { shapeOf } from './shape.js';

/** The code of a module that is in use, or that will be. */
export interface ModuleInUse {
  readonly type: ModuleType;
  readonly name: string;
  /** Null if the module is part of the agent. */
  readonly hash: string | null;
  readonly declared: Pick<Declarations, 'collections' | 'migrations'>;
  /** Finds the path of `module.js` of this code. Throws `unknown_module`. */
  readonly path: () => Promise<string>;
}

export interface ModuleCollectionsDeps {
  readonly store: CollectionStore;
  /** The module in use; undefined if it cannot be used. */
  readonly moduleOf: (module: CallingModule) => ModuleInUse | undefined;
  /** Records that module code runs, see `strikes.ts`. */
  readonly enter: (code: { readonly module: string; readonly hash: string }) => () => void;
  readonly process: ProcessOptions;
  readonly log: Logger;
}

/**
 * How a migration ends. `kept`: the changed documents are complete, but the former ones stay in use. `used`: the
 * changed documents are in use.
 */
export type MigrationEnd = 'kept' | 'used';

export interface ModuleCollections extends CollectionAccess {
  /**
   * Changes the documents of all collections to what this code declares. Repeatable; continues what was interrupted.
   * Throws `module_failed` with the reason, and the signal's reason. In both cases the former documents stay in use.
   */
  migrate(module: ModuleInUse, end: MigrationEnd, signal: AbortSignal): Promise<void>;
  /** Removes what migrations have kept. */
  discard(module: CallingModule): Promise<void>;
  /** Removes all documents of the module. */
  drop(module: CallingModule): Promise<void>;
  /** Aborts the migrations that are running. Resolves when they have ended. */
  close(): Promise<void>;
}

export function moduleCollections(deps: ModuleCollectionsDeps): ModuleCollections {
  const { store, moduleOf, log } = deps;
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();
  const find = (module: CallingModule): ModuleInUse => {
    const found = moduleOf(module);
    if (found) return found;
    throw new AgentError('unknown_module', 'The product cannot be used at the moment.', {
      role: 'agent',
      failure: 'unreachable',
      detail: `${module.type}/${module.name} is not in use, so its collections cannot be opened`,
    });
  };
  const shape = (module: ModuleInUse, { name, migration }: CollectionRef): CollectionShape => {
    const found = shapeOf(module.declared, name);
    if (!found) throw unusable(`${module.type}/${module.name} declares no collection ${name}`);
    if (migration === null || migration === found.migration) return found;
    throw unusable(
      `the code of this job knows ${migration} migrations of the collection ${name}, and the version in use ` +
        `${found.migration}: the documents would not fit`,
    );
  };
  const migrate = (
    module: ModuleInUse,
    name: string,
    end: MigrationEnd,
    signal: AbortSignal,
  ): Promise<void> => {
    const work = migrateOne(deps, module, name, end, signal);
    running.add(work);
    void work.then(
      () => running.delete(work),
      () => running.delete(work),
    );
    return work;
  };
  return {
    declared(module, at) {
      const found = find(module);
      shape(found, at);
      const declared = found.declared.collections[at.name];
      if (declared) return declared;
      throw unusable(`${found.type}/${found.name} declares no collection ${at.name}`);
    },
    async use(calling, at, work) {
      const module = find(calling);
      const wanted = shape(module, at);
      const id = idOf(module, at.name);
      for (let hasMigrated = false; ; hasMigrated = true)
        try {
          return await store.use(id, wanted, work);
        } catch (error) {
          if (!isOutdated(error) || hasMigrated) throw error;
          log.info(
            { module: `${module.type}/${module.name}`, collection: at.name },
            'migrating a collection',
          );
          await migrate(module, at.name, 'used', stopping.signal);
        }
    },
    async migrate(module, end, signal) {
      for (const name of Object.keys(module.declared.collections)) await migrate(module, name, end, signal);
    },
    discard: ({ type, name }) => store.discard({ type: type as ModuleType, name }),
    drop: ({ type, name }) => store.drop({ type: type as ModuleType, name }),
    async close() {
      stopping.abort(new AgentError('aborted', 'The agent is stopping.'));
      await Promise.allSettled([...running]);
    },
  };
}

async function migrateOne(
  { store, enter, process, log }: ModuleCollectionsDeps,
  module: ModuleInUse,
  name: string,
  end: MigrationEnd,
  signal: AbortSignal,
): Promise<void> {
  const shape = shapeOf(module.declared, name);
  const declared = module.declared.collections[name];
  if (!shape || !declared) return;
  const label = `${module.type}/${module.name}`;
  let leave = (): void => {};
  let migrator: Awaited<ReturnType<typeof openMigrator>> | undefined;
  try {
    await store.migrate({
      ...{ id: idOf(module, name), shape, end, signal },
      async change(chunk, done) {
        if (!migrator) {
          const path = await module.path();
          if (module.hash !== null) leave = enter({ module: label, hash: module.hash });
          migrator = await openMigrator({ process, path, collection: name, declared });
        }
        return migrator.change(chunk, done);
      },
    });
  } catch (error) {
    if (error instanceof AgentError) throw error;
    const problem = error instanceof Error ? error.message : String(error);
    log.error({ module: label, collection: name, problem }, 'a collection could not be migrated');
    throw unusable(`the documents of ${label}/${name} cannot be migrated: ${problem}`, error);
  } finally {
    await migrator?.close();
    leave();
  }
}

function idOf({ type, name: module }: Pick<ModuleInUse, 'type' | 'name'>, name: string): CollectionId {
  return { module: { type, name: module }, name };
}

function isOutdated(error: unknown): boolean {
  return error instanceof CollectionError && error.refusal === 'outdated';
}
