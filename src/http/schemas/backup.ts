/** Backups in requests and responses. */
import { Type } from 'typebox';
import type { BackupList } from '../../backups/backups.js';
import { ServiceIdIn } from './common.js';
import { BACKUP } from './examples.js';
import { instant, list, nullable, text, whole, word } from './fields.js';

export const SnapshotKind = word(
  ['initial', 'backup', 'safety'],
  '`initial`: the snapshot of the site as it was delivered. `backup`: a backup that the customer ' +
    'created. `safety`: a snapshot that the agent created before a reset.',
  'backup',
);

const BackupView = Type.Object(
  {
    name: text(
      'The name of the backup. It consists of `BAK`, the day, month and year, and the number of the ' +
        'backup on that day.',
      BACKUP,
    ),
    created_at: instant('The time at which the backup was created.'),
    size_bytes: nullable(
      whole('The size of the backup in bytes. The value is null if the storage does not report sizes.', 0),
      null,
    ),
    kind: SnapshotKind,
  },
  { title: 'Backup', description: 'A snapshot of a site.' },
);

export const BackupListView = Type.Object(
  {
    backups: list('The names of the backups, sorted from oldest to newest.', [BACKUP]),
    details: Type.Array(BackupView, { description: 'The same backups as in `backups`, with details.' }),
    used: whole('The number of backups of the service.', 1),
    allowed: whole('The number of backups that the plan allows.', 2),
    quota: text('`used` and `allowed` as text, separated by a slash.', '1/2'),
  },
  { title: 'BackupList', description: 'The backups of a service, and how many backups its plan allows.' },
);

export const BackupName = text('The name of the backup.', BACKUP);

export const BackupBody = Type.Object({
  service_id: ServiceIdIn,
  bak: Type.String({
    minLength: 1,
    maxLength: 64,
    'x-rule': 'must be the name of a backup',
    description: 'The name of the backup.',
    examples: [BACKUP],
  }),
});

export function viewBackupList({ backups, used, allowed }: BackupList) {
  return {
    backups: backups.map(({ name }) => name),
    details: backups.map(({ name, kind, createdAt }) => ({
      name,
      created_at: createdAt,
      size_bytes: null,
      kind,
    })),
    used,
    allowed,
    quota: `${used}/${allowed}`,
  };
}
