/** POST /action/rollback */
import { Type } from 'typebox';
import { rollBack } from '../../../backups/backups.js';
import { callerOf } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { BackupBody } from '../../schemas/backup.js';
import { failures } from '../../schemas/common.js';
import { startedAnswers } from '../../schemas/started.js';
import { answerJob } from '../../server/waiting.js';

const schema = {
  summary: 'Takes a site back to a backup',
  description:
    'Its content becomes what it was then; plan, network and URL stay what the service has now. It runs again afterwards if it ran before.',
  tags: ['Backups'],
  body: Type.Object({
    ...BackupBody.properties,
    discard_newer: Type.Optional(
      Type.Boolean({
        'x-rule': 'must be true or false',
        description: 'Deletes newer snapshots first, where the storage cannot go back past them.',
      }),
    ),
  }),
  response: startedAnswers({ backup: Type.String() }, 'The site is as it was then.'),
  failures: failures(
    'invalid_json',
    'service_suspended',
    'service_not_found',
    'not_supported',
    'backup_not_found',
    'backup_not_newest',
    'service_busy',
    'service_failed',
    'service_terminated',
    'snapshots_unavailable',
    'state_damaged',
    'container_host_failed',
    'container_host_timeout',
    'recipe_failed',
    'state_unavailable',
  ),
};

export const rollbackRoute: Route = (app, context) => {
  app.post('/action/rollback', { schema }, async (request, reply) => {
    const { service_id: id, bak, discard_newer: discardNewer } = request.body;
    const started = await rollBack(context, callerOf(request), String(id), { name: bak, discardNewer });
    return answerJob(context, request, reply, started, () => ({ backup: bak }));
  });
};
