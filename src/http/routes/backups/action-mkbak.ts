/** POST /action/mkbak */
import { Type } from 'typebox';
import type { Job } from '../../../model/job.js';
import { textIn } from '../../../kernel/json.js';
import type { Service } from '../../../model/service.js';
import { makeBackup, viewBackups } from '../../../backups/backups.js';
import { callerOf } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { backupProperties, viewBackupList } from '../../schemas/backup.js';
import { failures, ServiceIdIn } from '../../schemas/common.js';
import { startedAnswers } from '../../schemas/started.js';
import { answerJob } from '../../server/waiting.js';

const schema = {
  summary: 'Makes a backup',
  description: 'A snapshot on the storage of the site. Its name is never used again.',
  tags: ['Backups'],
  body: Type.Object({ service_id: ServiceIdIn }),
  response: startedAnswers({ backup: Type.String(), ...backupProperties }, 'Made.'),
  failures: failures(
    'invalid_json',
    'service_suspended',
    'service_not_found',
    'not_supported',
    'service_failed',
    'service_terminated',
    'quota_reached',
    'snapshots_unavailable',
    'state_damaged',
    'container_host_failed',
    'container_host_timeout',
    'state_unavailable',
  ),
};

export const makeBackupRoute: Route = (app, context) => {
  app.post('/action/mkbak', { schema }, async (request, reply) => {
    const id = String(request.body.service_id);
    const started = await makeBackup(context, callerOf(request), id);
    return answerJob(context, request, reply, started, view);
  });
};

const view = (service: Service, job: Job) => ({
  backup: textIn(job.args, 'name') ?? '',
  ...viewBackupList(viewBackups(service)),
});
