/** The collections of a module that declares none. */
import type { CollectionAccess } from '../../src/jobs/effects/collection-access.js';
import { unusable } from '../../src/jobs/engine/bounded-call.js';

export const noCollections: CollectionAccess = {
  declared(_module, { name }) {
    throw unusable(`the module declares no collection ${name}`);
  },
  use: async (_module, { name }) => {
    throw unusable(`the module declares no collection ${name}`);
  },
};
