/** A request field that all endpoints share which roll back a site. */
import { Type } from 'typebox';

export const DiscardNewer = Type.Optional(
  Type.Boolean({
    'x-rule': 'must be true or false',
    description:
      'This field matters if the storage can roll back only to the newest snapshot. If true, the ' +
      'newer snapshots are deleted first. If false or omitted, the rollback is refused with ' +
      '`backup_not_newest`.',
    examples: [false],
  }),
);
