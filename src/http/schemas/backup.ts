/** Backups in requests and responses. */
import { Type } from 'typebox';
import type { BackupList } from '../../backups/backups.js';
import { ServiceIdIn } from './common.js';
import { BACKUP } from './examples.js';
import { instant, list, nullable, text, whole, word } from './fields.js';

export const SnapshotKind = word(
  ['initial', 'backup', 'safety'],
  '`initial`: the site as delivered. `backup`: created by the customer. `safety`: created by the ' +
    'agent before a reset.',
  'backup',
);

const BackupView = Type.Object(
  {
    name: text('The name of the backup: `BAK`, day, month, year, and its number on that day.', BACKUP),
    created_at: instant('When the backup was created.'),
    size_bytes: nullable(whole('Its size in bytes. Null: the storage does not report it.', 0), null),
    kind: SnapshotKind,
  },
  { title: 'Backup', description: 'A snapshot of a site.' },
);

export const BackupListView = Type.Object(
  {
    backups: list('The names of the backups, oldest first.', [BACKUP]),
    details: Type.Array(BackupView, { description: 'The same backups with details.' }),
    used: whole('The number of backups of the service.', 1),
    allowed: whole('The number of backups that the plan allows.', 2),
    quota: text('Both numbers as text: used/allowed.', '1/2'),
  },
  { title: 'BackupList', description: 'The backups of a service and its quota.' },
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
