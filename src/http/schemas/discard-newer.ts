/** A field of the endpoints that roll a site back. */
import { Type } from 'typebox';

export const DiscardNewer = Type.Optional(
  Type.Boolean({
    'x-rule': 'must be true or false',
    description:
      'True: delete newer snapshots first if the storage can roll back only to the newest one. If ' +
      'omitted, such a request is refused with `backup_not_newest`.',
    examples: [false],
  }),
);
