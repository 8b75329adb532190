/** A field of the calls that roll a site back. */
import { Type } from 'typebox';

export const DiscardNewer = Type.Optional(
  Type.Boolean({
    'x-rule': 'must be true or false',
    description:
      'True: delete newer snapshots first, where the storage can only go back to the newest. If omitted, such a request is refused with `backup_not_newest`.',
    examples: [false],
  }),
);
