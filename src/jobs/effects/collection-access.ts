/** How a call reaches the collections of its module. The modules on a higher level implement this. */
import type { CollectionRef } from '../../modules/kit/collection-types.js';
import type { DeclaredCollection } from '../../modules/kit/declarations.js';
import type { OpenCollection } from '../../state/contract.js';

/** The module whose code makes a call. */
export interface CallingModule {
  readonly type: string;
  readonly name: string;
}

export interface CollectionAccess {
  /**
   * What the installed module declares about the collection. Throws `module_failed` if it does not declare the
   * collection, or if the calling code has another number of migrations than the installed module.
   */
  declared(module: CallingModule, at: CollectionRef): DeclaredCollection;
  /**
   * Opens the module's collection, and migrates it first if necessary. Throws `module_failed` if the documents do not
   * fit the module, and `state_damaged` if they were set aside.
   */
  use<R>(
    module: CallingModule,
    at: CollectionRef,
    work: (collection: OpenCollection) => Promise<R>,
  ): Promise<R>;
}
