/** POST /action/rollback */
import { Type } from 'typebox';
import { rollBack } from '../../../backups/backups.js';
import { BackupBody, BackupName } from '../../schemas/backup.js';
import { DiscardNewer } from '../../schemas/discard-newer.js';
import { jobRoute } from '../../server/job-route.js';

export const rollbackRoute = jobRoute({
  call: 'POST /action/rollback',
  id: 'rollBack',
  tag: 'Backups',
  summary: 'Roll back to a backup',
  description:
    'Restores the content of the site from the backup. The plan, the network settings and the URL of ' +
    'the site keep their current values. If the site was running, it is started again.',
  body: Type.Object({ ...BackupBody.properties, discard_newer: DiscardNewer }),
  answer: Type.Object({ backup: BackupName }),
  done: 'The site was rolled back.',
  failures: [
    'service_suspended',
    'not_supported',
    'backup_not_found',
    'backup_not_newest',
    'snapshots_unavailable',
    'container_host_failed',
    'container_host_timeout',
    'recipe_failed',
  ],
  start: ({ caller, body }, context) =>
    rollBack(context, caller, String(body.service_id), { name: body.bak, discardNewer: body.discard_newer }),
  view: (_, { body }) => ({ backup: body.bak }),
});
