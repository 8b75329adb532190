/** GET /action/getbak */
import { Type } from 'typebox';
import { listBackups } from '../../../backups/backups.js';
import { callerOf } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { backupProperties, viewBackupList } from '../../schemas/backup.js';
import { failures, ServiceIdText, success } from '../../schemas/common.js';

const schema = {
  summary: "Lists a site's backups",
  tags: ['Backups'],
  querystring: Type.Object({ service_id: ServiceIdText }),
  response: { 200: success(backupProperties, 'Oldest first.') },
  failures: failures('service_not_found', 'not_supported', 'state_damaged'),
};

export const listBackupsRoute: Route = (app, context) => {
  app.get('/action/getbak', { schema }, async (request) => ({
    success: true as const,
    ...viewBackupList(await listBackups(context, callerOf(request), request.query.service_id)),
  }));
};
