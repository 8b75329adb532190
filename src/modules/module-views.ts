/**
 * The view of all modules for operators: modules that were found, and modules that services need but that were not
 * found.
 */
import type { ModuleView } from '../model/module-view.js';
import type { ServiceEntry } from '../state/contract.js';
import { type KnownModule, missingModule } from './registry.js';

/** The views are computed again for each call, because the number of services changes. */
export function moduleViews(
  modules: readonly KnownModule[],
  services: Iterable<Pick<ServiceEntry, 'module' | 'lifecycle' | 'purgeAt'>>,
): ModuleView[] {
  const counts = new Map<string, number>();
  for (const { module, lifecycle, purgeAt } of services)
    if (lifecycle !== 'terminated' || purgeAt !== null) counts.set(module, (counts.get(module) ?? 0) + 1);
  const isKnown = (name: string): boolean =>
    modules.some((one) => one.type === 'product' && one.name === name);
  const missing = [...counts.keys()]
    .filter((name) => !isKnown(name))
    .map((name) => missingModule(name, 'services need it, but it is not installed'));
  return [...modules, ...missing].map((one) => ({
    ...one,
    services: one.type === 'product' ? (counts.get(one.name) ?? 0) : 0,
  }));
}
