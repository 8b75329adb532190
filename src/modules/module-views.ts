/**
 * The view of all modules for operators: modules that were found, and modules that services need but that were not
 * found.
 */
import type { ModuleId } from '../model/module-record.js';
import type { ModuleView } from '../model/module-view.js';
import type { ServiceEntry } from '../state/contract.js';
import { type KnownModule, missingModule } from './registry.js';

const NEEDED = 'services need it, but it is not installed';

/** The views are computed again for each call, because the number of services changes. */
export function moduleViews(
  modules: readonly KnownModule[],
  services: Iterable<CountedService>,
): ModuleView[] {
  const counts = new Map<string, number>();
  for (const service of services)
    if (isKept(service)) counts.set(service.module, (counts.get(service.module) ?? 0) + 1);
  const isKnown = (name: string): boolean =>
    modules.some((one) => one.type === 'product' && one.name === name);
  const missing = [...counts.keys()]
    .filter((name) => !isKnown(name))
    .map((name) => missingModule(name, NEEDED));
  return [...modules, ...missing].map((one) => {
    const needed = one.type === 'product' ? (counts.get(one.name) ?? 0) : 0;
    return {
      ...one,
      services: needed,
      ...(one.state === 'missing' && needed > 0 ? { reason: NEEDED } : {}),
    };
  });
}

type CountedService = Pick<ServiceEntry, 'module' | 'lifecycle' | 'purgeAt'>;

/** Number of services that need the module, including deleted services that are still kept. */
export function servicesOf({ type, name }: ModuleId, services: Iterable<CountedService>): number {
  let count = 0;
  if (type === 'product') for (const one of services) if (one.module === name && isKept(one)) count += 1;
  return count;
}

function isKept({ lifecycle, purgeAt }: CountedService): boolean {
  return lifecycle !== 'terminated' || purgeAt !== null;
}
