/** POST /action/delbak */
import type { Service } from '../../../model/service.js';
import { removeBackup, viewBackups } from '../../../backups/backups.js';
import { callerOf } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { BackupBody, backupProperties, viewBackupList } from '../../schemas/backup.js';
import { failures } from '../../schemas/common.js';
import { startedAnswers } from '../../schemas/started.js';
import { answerJob } from '../../server/waiting.js';

const schema = {
  summary: 'Deletes a backup',
  tags: ['Backups'],
  body: BackupBody,
  response: startedAnswers(backupProperties, 'Deleted.'),
  failures: failures(
    'invalid_json',
    'service_suspended',
    'service_not_found',
    'not_supported',
    'backup_not_found',
    'backup_protected',
    'service_failed',
    'service_terminated',
    'state_damaged',
    'container_host_failed',
    'container_host_timeout',
    'state_unavailable',
  ),
};

export const removeBackupRoute: Route = (app, context) => {
  app.post('/action/delbak', { schema }, async (request, reply) => {
    const { service_id: id, bak } = request.body;
    const started = await removeBackup(context, callerOf(request), String(id), bak);
    return answerJob(context, request, reply, started, view);
  });
};

const view = (service: Service) => viewBackupList(viewBackups(service));
