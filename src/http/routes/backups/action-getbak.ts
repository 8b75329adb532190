/** GET /action/getbak */
import { Type } from 'typebox';
import { listBackups } from '../../../backups/backups.js';
import { BackupListView, viewBackupList } from '../../schemas/backup.js';
import { ServiceIdText } from '../../schemas/common.js';
import { jsonRoute } from '../../server/endpoint.js';

export const listBackupsRoute = jsonRoute({
  call: 'GET /action/getbak',
  id: 'listBackups',
  tag: 'Backups',
  summary: 'List the backups of a site',
  query: Type.Object({ service_id: ServiceIdText }),
  answer: BackupListView,
  answers: { 200: 'The backups of the site, sorted from oldest to newest.' },
  failures: ['service_not_found', 'not_supported', 'state_damaged'],
  handle: async ({ caller, query }, context) =>
    viewBackupList(await listBackups(context, caller, query.service_id)),
});
