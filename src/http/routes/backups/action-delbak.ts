/** POST /action/delbak */
import { removeBackup, viewBackups } from '../../../backups/backups.js';
import { BackupBody, BackupListView, viewBackupList } from '../../schemas/backup.js';
import { jobRoute } from '../../server/job-route.js';

export const removeBackupRoute = jobRoute({
  call: 'POST /action/delbak',
  id: 'deleteBackup',
  tag: 'Backups',
  summary: 'Delete a backup',
  body: BackupBody,
  answer: BackupListView,
  done: 'The backup was deleted.',
  failures: [
    'service_suspended',
    'not_supported',
    'backup_not_found',
    'backup_protected',
    'container_host_failed',
    'container_host_timeout',
  ],
  start: ({ caller, body }, context) => removeBackup(context, caller, String(body.service_id), body.bak),
  view: ({ service }) => viewBackupList(viewBackups(service)),
});
