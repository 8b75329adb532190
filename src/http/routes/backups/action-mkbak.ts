/** POST /action/mkbak */
import { Type } from 'typebox';
import { textIn } from '../../../kernel/json.js';
import { makeBackup, viewBackups } from '../../../backups/backups.js';
import { BackupListView, BackupName, viewBackupList } from '../../schemas/backup.js';
import { ServiceIdIn } from '../../schemas/common.js';
import { jobRoute } from '../../server/job-route.js';

export const makeBackupRoute = jobRoute({
  call: 'POST /action/mkbak',
  id: 'createBackup',
  tag: 'Backups',
  summary: 'Create a backup',
  description:
    'Creates a snapshot on the storage of the site. The name of the backup consists of `BAK`, the ' +
    'day, month and year, and the number of the backup on that day. No name is used twice.',
  body: Type.Object({ service_id: ServiceIdIn }),
  answer: Type.Object({ backup: BackupName, ...BackupListView.properties }),
  done: 'The backup was created.',
  failures: [
    'service_suspended',
    'not_supported',
    'quota_reached',
    'snapshots_unavailable',
    'container_host_failed',
    'container_host_timeout',
  ],
  start: ({ caller, body }, context) => makeBackup(context, caller, String(body.service_id)),
  view: ({ service, job }) => ({
    backup: textIn(job.args, 'name') ?? '',
    ...viewBackupList(viewBackups(service)),
  }),
});
