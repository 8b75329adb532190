/** Backups in answers. */
import { Type } from 'typebox';
import type { BackupList } from '../../backups/backups.js';
import { Instant, nullable, ServiceIdIn } from './common.js';

export const backupProperties = {
  backups: Type.Array(Type.String({ description: '`BAK11122025-1`' })),
  details: Type.Array(
    Type.Object({
      name: Type.String(),
      created_at: Instant,
      size_bytes: nullable(Type.Integer({ description: 'Null where the storage does not tell.' })),
      kind: Type.Enum(['initial', 'backup', 'safety']),
    }),
  ),
  used: Type.Integer(),
  allowed: Type.Integer(),
  quota: Type.String({ description: '`1/2`' }),
};

export const BackupBody = Type.Object({
  service_id: ServiceIdIn,
  bak: Type.String({
    minLength: 1,
    maxLength: 64,
    'x-rule': 'must be the name of a backup',
    description: 'Name of the backup.',
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
