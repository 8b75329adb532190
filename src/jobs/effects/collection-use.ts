/** Uses a collection of a module, with errors that the module's code understands. */
import { AgentError } from '../../kernel/errors.js';
import { CollectionError } from '../../model/collection-error.js';
import type { CollectionRef } from '../../modules/kit/collection-types.js';
import type { OpenCollection } from '../../state/contract.js';
import { unusable } from '../engine/bounded-call.js';
import type { CallingModule, CollectionAccess } from './collection-access.js';

/** Throws `document_conflict` and `module_failed` in place of CollectionError. */
export async function usingCollection<R>(
  { collections, module }: { readonly collections: CollectionAccess; readonly module: CallingModule },
  at: CollectionRef,
  work: (collection: OpenCollection) => Promise<R>,
): Promise<R> {
  try {
    return await collections.use(module, at, work);
  } catch (error) {
    throw error instanceof CollectionError ? refused(error) : error;
  }
}

const CONFLICTS: readonly CollectionError['refusal'][] = ['exists', 'not_unique', 'stale', 'missing'];

function refused(error: CollectionError): AgentError {
  return CONFLICTS.includes(error.refusal)
    ? new AgentError('document_conflict', 'The record has been changed in the meantime.', {
        detail: error.message,
        cause: error,
      })
    : unusable(error.message, error);
}
