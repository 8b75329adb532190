/** The records of the modules, with listeners. All changes of the records go through here. */
import type { Changed } from '../../kernel/changed.js';
import { type Clock, instant } from '../../kernel/clock.js';
import { AgentError } from '../../kernel/errors.js';
import {
  type ModuleId,
  type ModuleRecord,
  moduleRecordId,
  newModuleRecord,
} from '../../model/module-record.js';
import type { DocumentStore } from '../../state/contract.js';

export interface ModuleRecords {
  list(): readonly ModuleRecord[];
  find(module: ModuleId): ModuleRecord | undefined;
  /** Throws `module_not_found`. */
  get(id: string): ModuleRecord;
  /** Changes the record under its lock, or creates it. Resolves once the change is durable. */
  change(module: ModuleId, fn: (current: ModuleRecord) => ModuleRecord): Promise<ModuleRecord>;
  /** Like `change`, but throws `module_not_found` if there is no record. */
  commit<R>(
    id: string,
    fn: (current: ModuleRecord) => Changed<ModuleRecord, R>,
  ): Promise<Changed<ModuleRecord, R>>;
  /** The listener is called after every durable change. Returns a function that removes the listener. */
  onChange(listener: (id: string, next: ModuleRecord) => void): () => void;
}

export function moduleRecords(store: DocumentStore<ModuleRecord>, clock: Clock): ModuleRecords {
  const listeners = new Set<(id: string, next: ModuleRecord) => void>();
  const write = async <R>(
    id: string,
    fn: (current: ModuleRecord | undefined) => Changed<ModuleRecord, R>,
  ): Promise<Changed<ModuleRecord, R>> => {
    let changed: Changed<ModuleRecord, R> | undefined;
    let isSame = false as boolean;
    const value = await store.commit(id, (current) => {
      changed = fn(current);
      isSame = changed.value === current;
      return isSame ? changed.value : { ...changed.value, updatedAt: instant(clock) };
    });
    if (!changed) throw new Error('the store did not make the change');
    if (!isSame) for (const listener of [...listeners]) listener(id, value);
    return { ...changed, value };
  };
  return {
    list: () => store.list(),
    find: (module) => store.find(moduleRecordId(module)),
    get: (id) => store.find(id) ?? notFound(),
    async change(module, fn) {
      const id = moduleRecordId(module);
      const { value } = await write(id, (current) => ({
        value: fn(current ?? newModuleRecord(id, module, instant(clock))),
        result: undefined,
      }));
      return value;
    },
    commit: (id, fn) => write(id, (current) => fn(current ?? notFound())),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function notFound(): never {
  throw new AgentError('module_not_found', 'There is no such module.');
}
