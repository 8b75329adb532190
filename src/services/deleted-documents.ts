/**
 * Deletes the documents that modules have stored for services which no longer exist. The agent finds them by searching
 * the collections, so documents are also deleted if the agent was down when their service was purged.
 */
import { partsOfLife, type ServiceLife } from '../model/collection.js';
import type { State } from '../state/contract.js';

type Stores = Pick<State, 'services' | 'collections'>;

export async function removeDeletedDocuments(state: Stores): Promise<undefined> {
  await state.collections.removeOver((life) => isOver(state.services, life));
}

/** False for a service without a readable document: it may still exist. */
function isOver(services: Stores['services'], life: ServiceLife): boolean {
  const { service, generation } = partsOfLife(life) ?? {};
  const entry = service && services.entry(service);
  if (!entry || generation === undefined) return false;
  if (entry.generation !== generation) return entry.generation > generation;
  return entry.lifecycle === 'terminated' && entry.purgeAt === null && entry.openJobs.length === 0;
}
