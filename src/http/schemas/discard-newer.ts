/** A request field that all endpoints share which roll back a site. */
import { Type } from 'typebox';

export const DiscardNewer = Type.Optional(
  Type.Boolean({
    'x-rule': 'must be true or false',
    description:
      'If true, newer snapshots are deleted first if the storage can roll back only to the newest ' +
      'snapshot. If false or omitted, such a rollback is refused with `backup_not_newest`.',
    examples: [false],
  }),
);
