/**
 * Maps every call that a step of a service's job can make to its implementation. The calls that all modules can make
 * are passed on (`module-calls.ts`).
 */
import { keyOf } from '../../model/service.js';
import type { HostCallName, ServiceCallName } from '../../modules/kit/host-calls.js';
import type { CallCheck } from './call-check.js';
import type { CollectionCaller } from './collection-calls.js';
import { carryOutCollectionCall, type CollectionCallName, isCollectionCall } from './collection-table.js';
import { saveData } from './save-data.js';
import * as container from './container.js';
import type { Effect, EffectOf } from './effect.js';
import * as front from './front.js';
import * as snapshots from './snapshots.js';
import type { ModuleCaller } from './module-calls.js';
import * as servers from './servers.js';
import { secretNamed, serviceSecrets } from './service-secrets.js';

async function collectionCallerOf(effect: Effect): Promise<CollectionCaller> {
  const { deps, journal } = effect;
  const secrets = serviceSecrets(effect);
  return {
    ...{ service: await journal.subject(), services: deps.services, collections: deps.collections },
    module: (await journal.job()).pinned.module,
    secretOf: (ref) => secretNamed(secrets, ref),
  };
}

const EFFECTS: { readonly [N in Exclude<ServiceCallName, CollectionCallName>]: EffectOf<N> } = {
  'container.allocate': container.allocate,
  'container.ensure': container.ensure,
  'container.checkImage': container.checkImage,
  'container.start': container.start,
  'container.run': container.run,
  'container.look': container.look,
  'container.stop': container.stop,
  'container.resize': container.resize,
  'container.converge': container.converge,
  'container.snapshot': snapshots.take,
  'container.unsnapshot': snapshots.remove,
  'container.rollback': snapshots.rollback,
  'container.remove': container.remove,
  'plan.check': container.checkPlan,
  'ha.ensure': container.ensureHa,
  'ha.remove': container.removeHa,
  'dns.ensure': front.ensureDns,
  'dns.remove': front.removeDns,
  'proxy.ensure': front.ensureProxy,
  'proxy.remove': front.removeProxy,
  'site.fetch': front.fetchSite,
  'servers.allocate': servers.allocate,
  'servers.current': servers.current,
  'data.save': saveData,
};

/**
 * Throws `module_failed` for a name that is not in any table, and for arguments that do not match the schema of the
 * call.
 */
export async function carryOut(
  effect: Effect,
  name: HostCallName,
  args: readonly unknown[],
  check: CallCheck<ServiceCallName>,
): Promise<unknown> {
  if (isCollectionCall(name)) {
    check(name, args);
    return carryOutCollectionCall(await collectionCallerOf(effect), name, args);
  }
  if (!isServiceCall(name)) return effect.deps.moduleCalls(await callerOf(effect), name, args);
  check(name, args);
  // each function has the right type for its name, but the compiler cannot express that for the union of all names
  const run = EFFECTS[name] as (effect: Effect, ...args: readonly unknown[]) => Promise<unknown>;
  return run(effect, ...args);
}

function isServiceCall(name: HostCallName): name is keyof typeof EFFECTS {
  return Object.hasOwn(EFFECTS, name);
}

async function callerOf(effect: Effect): Promise<ModuleCaller> {
  const { journal, signal, log } = effect;
  const { module } = (await journal.job()).pinned;
  return { module, service: keyOf(await journal.subject()), secrets: serviceSecrets(effect), signal, log };
}
