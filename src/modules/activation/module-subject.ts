/** Lets the job engine work on modules as the subjects of jobs. */
import type { ModuleRecord } from '../../model/module-record.js';
import { serviceCallCheck } from '../../jobs/effects/call-check.js';
import type { CollectionAccess } from '../../jobs/effects/collection-access.js';
import { carryOutCollectionCall, isCollectionCall } from '../../jobs/effects/collection-table.js';
import type { ModuleCalls } from '../../jobs/effects/module-calls.js';
import { secretNamed } from '../../jobs/effects/service-secrets.js';
import { unusable } from '../../jobs/engine/bounded-call.js';
import type { CallContext } from '../../jobs/engine/call-context.js';
import type { SubjectKind } from '../../jobs/engine/subject-kind.js';
import { isOpen } from '../../model/job.js';
import type { ServiceStore } from '../../state/contract.js';
import type { HostCallName } from '../kit/host-calls.js';
import type { LifecycleCalls } from './lifecycle-calls.js';
import type { ModuleRecords } from './module-records.js';
import { moduleSecrets } from './module-secrets.js';
import { withModuleJob } from './outcome.js';

export interface ModuleSubjectDeps {
  readonly records: ModuleRecords;
  readonly services: ServiceStore;
  readonly collections: CollectionAccess;
  readonly moduleCalls: ModuleCalls;
  readonly lifecycle: LifecycleCalls;
}

/** The name of the kind of subject. */
export const MODULE_SUBJECT = 'module';

export function moduleSubject(deps: ModuleSubjectDeps): SubjectKind<ModuleRecord> {
  const { records, lifecycle } = deps;
  const check = serviceCallCheck();
  return {
    name: MODULE_SUBJECT,
    get: async (key) => records.get(key),
    commit: (key, fn) => records.commit(key, fn),
    // the record keeps the last jobs itself
    archive: async () => {},
    withJob: withModuleJob,
    remains: () => [],
    *unfinished() {
      for (const { id, jobs } of records.list()) if (jobs.some(isOpen)) yield id;
    },
    onChange: (listener) => records.onChange(listener),
    logFields(key) {
      const { type, name } = records.get(key);
      return { module: `${type}/${name}` };
    },
    view: () => null,
    async call(context, name, args) {
      const own = lifecycle.find(name);
      if (own) return own(context);
      if (!isCollectionCall(name)) return moduleCall(deps, context, name, args);
      check(name, args);
      return collections(deps, context, name, args);
    },
  };
}

async function moduleCall(
  { records, moduleCalls, collections }: ModuleSubjectDeps,
  { journal, signal, log }: CallContext<ModuleRecord>,
  name: HostCallName,
  args: readonly unknown[],
): Promise<unknown> {
  const { id, type, name: module } = await journal.subject();
  const secrets = moduleSecrets(records, id, collections);
  return moduleCalls({ module: { type, name: module }, service: null, secrets, signal, log }, name, args);
}

async function collections(
  { records, services, collections: access }: ModuleSubjectDeps,
  { journal }: CallContext<ModuleRecord>,
  name: Parameters<typeof carryOutCollectionCall>[1],
  args: readonly unknown[],
): Promise<unknown> {
  const job = await journal.job();
  if (job.method === 'updateModule')
    throw unusable('update() cannot use collections: `migrations` change their documents');
  const { id } = await journal.subject();
  const secrets = moduleSecrets(records, id, access);
  const caller = {
    ...{ service: null, services, collections: access, module: job.pinned.module },
    secretOf: (ref: { readonly secret: string }) => secretNamed(secrets, ref),
  };
  return carryOutCollectionCall(caller, name, args);
}
