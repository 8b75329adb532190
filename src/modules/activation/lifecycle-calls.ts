/** What the agent does itself when a module is activated, updated or deactivated. */
import type { ModuleId, ModuleRecord } from '../../model/module-record.js';
import type { Job } from '../../model/job.js';
import type { CallContext } from '../../jobs/engine/call-context.js';
import type { ModuleCollections, ModuleInUse } from '../collections/module-collections.js';
import type { LifecycleCallName } from '../kit/host-calls.js';
import type { Barrier } from './barrier.js';
import { PURGE } from './lifecycle-job.js';

export interface LifecycleCalls {
  /** Undefined if there is no such call. */
  find(name: string): ((context: CallContext<ModuleRecord>) => Promise<void>) | undefined;
}

export interface LifecycleCallsDeps {
  readonly barrier: Pick<Barrier, 'idle'>;
  readonly collections: Pick<ModuleCollections, 'migrate' | 'discard' | 'drop'>;
  /** The code that the job runs. Throws `unknown_module`, so the job waits. */
  readonly codeOf: (job: Job) => ModuleInUse;
  /** Removes everything else that the module has stored. */
  readonly purge: (module: ModuleId) => Promise<void>;
}

/** Running jobs of the module have this long to end. Later, the update fails. */
const MOST_WAIT_MS = 600_000;

export function lifecycleCalls(deps: LifecycleCallsDeps): LifecycleCalls {
  const { barrier, collections, codeOf, purge } = deps;
  const calls: Readonly<Record<LifecycleCallName, (context: CallContext<ModuleRecord>) => Promise<void>>> = {
    async 'lifecycle.prepare'({ journal, signal }) {
      const job = await journal.job();
      if (job.method !== 'updateModule') return;
      await barrier.idle(job.pinned.module, MOST_WAIT_MS, signal);
      await collections.migrate(codeOf(job), 'kept', signal);
    },
    async 'lifecycle.discard'({ journal }) {
      const { method } = await journal.job();
      const record = await journal.subject();
      if (method === 'updateModule') await collections.discard(record);
      // documents of an earlier activation stay
      else if (!record.hasData) await collections.drop(record);
    },
    async 'lifecycle.finish'({ journal }) {
      const { args } = await journal.job();
      const record = await journal.subject();
      if (args[PURGE] !== true) return;
      await collections.drop(record);
      await purge(record);
    },
  };
  return { find: (name) => (isKnown(calls, name) ? calls[name] : undefined) };
}

function isKnown<K extends string>(calls: Readonly<Record<K, unknown>>, name: string): name is K {
  return Object.hasOwn(calls, name);
}
