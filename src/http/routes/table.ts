/** All endpoints, by the listener that serves them. */
import type { Route } from '../server/route.js';
import { actionRoutes } from './services/action.js';
import { removeBackupRoute } from './backups/action-delbak.js';
import { removeDomainRoute } from './domains/action-deldomain.js';
import { listBackupsRoute } from './backups/action-getbak.js';
import { listDomainsRoute } from './domains/action-getdomain.js';
import { makeBackupRoute } from './backups/action-mkbak.js';
import { rollbackRoute } from './backups/action-rollback.js';
import { addDomainRoutes } from './domains/action-setdomain.js';
import { setPrimaryRoute } from './domains/action-setprimary.js';
import { toggleRoute } from './services/action-toggle.js';
import { alertsRoute } from './alerts/alerts.js';
import { testAlertsRoute } from './alerts/alerts-test.js';
import { auditRoute } from './audit/audit.js';
import { clockRoute, confirmClockRoute } from './agent/clock.js';
import { zoneRoutes } from './zones/customdomain.js';
import { createSiteRoute } from './services/create-site.js';
import { deleteSiteRoute } from './services/delete-site.js';
import { docsRoute } from './docs/docs.js';
import { healthRoute } from './agent/health.js';
import { jobEventsRoute } from './jobs/jobs-id-events.js';
import { abandonJobRoute } from './jobs/jobs-id-abandon.js';
import { cancelJobRoute } from './jobs/jobs-id-cancel.js';
import { retryJobRoute } from './jobs/jobs-id-retry.js';
import { skipStepRoute } from './jobs/jobs-id-skip-step.js';
import { readJobRoute } from './jobs/jobs-id.js';
import { jobsRoute } from './jobs/jobs.js';
import { modulesRoute } from './modules/modules.js';
import { rescanModulesRoute } from './modules/modules-rescan.js';
import {
  activateModuleRoute,
  deactivateModuleRoute,
  updateModuleRoute,
} from './modules/modules-lifecycle.js';
import { installModuleRoute } from './modules/modules-install.js';
import { moduleLogRoute } from './modules/modules-log.js';
import { moduleSettingsRoute, replaceModuleSettingsRoute } from './modules/modules-settings.js';
import { moduleRoute } from './modules/modules-type-name.js';
import { moduleApiRoute } from './modules/modules-type-name-api.js';
import { moduleStaticRoute } from './modules/modules-type-name-static.js';
import { webhookRoute } from './modules/webhooks.js';
import { channelRoutes } from './instances/channels.js';
import { gatewayRoutes } from './instances/gateways.js';
import { metricsRoute } from './agent/metrics.js';
import { openapiRoute } from './docs/openapi.js';
import { createPlanRoute, plansRoute } from './plans/plans.js';
import { deletePlanRoute, planRoute, replacePlanRoute } from './plans/plans-name.js';
import { readyRoute } from './agent/ready.js';
import { capacityRoute } from './services/capacity.js';
import { reserveRoute } from './services/reservations.js';
import { releaseRoute } from './services/reservations-id.js';
import { actionOfServiceRoute } from './services/services-id-actions-name.js';
import { changeServiceRoute } from './services/services-id-change.js';
import { credentialsRoute } from './services/services-id-credentials.js';
import { loginLinkRoute } from './services/services-id-login-link.js';
import { overviewRoute } from './services/services-id-overview.js';
import { resetCredentialsRoute } from './services/services-id-credentials-reset.js';
import { eventsRoute } from './events/events.js';
import { panelSyncRoute } from './drift/panel-sync.js';
import { forgetServiceRoute } from './services/services-id-forget.js';
import { retryServiceRoute } from './services/services-id-retry.js';
import { serviceRoute } from './services/services-id.js';
import { servicesRoute } from './services/services.js';
import { exportStateRoute } from './state/state-export.js';
import { rotateStateKeyRoute, stateKeyRoute } from './state/state-key.js';
import { statusRoute } from './services/status.js';
import { suspendRoute, unsuspendRoute } from './services/suspend.js';
import { taskRoute } from './tasks/tasks-id.js';
import { retryTaskRoute } from './tasks/tasks-id-retry.js';
import { retryTasksRoute } from './tasks/tasks-retry.js';
import { removeTasksRoute, tasksRoute } from './tasks/tasks.js';
import { rotateTokenRoute } from './tokens/tokens-id-rotate.js';
import { reconcileRoute, repairDriftRoute } from './drift/reconcile.js';
import { revokeTokenRoute } from './tokens/tokens-id.js';
import { createTokenRoute, listTokensRoute } from './tokens/tokens.js';
import { upgradeCheckRoute } from './services/wp-upgrade-check.js';
import { upgradeRoute } from './services/wp-upgrade.js';
import { addServerRoute, serversRoute } from './modules/modules-type-name-servers.js';
import { changeServerRoute, removeServerRoute, serverRoute } from './modules/modules-type-name-servers-id.js';
import { testServerRoute } from './modules/modules-type-name-servers-id-test.js';

export const ROUTES: readonly Route[] = [
  createSiteRoute,
  deleteSiteRoute,
  suspendRoute,
  unsuspendRoute,
  upgradeRoute,
  upgradeCheckRoute,
  ...actionRoutes,
  listBackupsRoute,
  makeBackupRoute,
  removeBackupRoute,
  rollbackRoute,
  listDomainsRoute,
  ...addDomainRoutes,
  removeDomainRoute,
  setPrimaryRoute,
  toggleRoute,
  ...zoneRoutes,
  changeServiceRoute,
  actionOfServiceRoute,
  forgetServiceRoute,
  retryServiceRoute,
  retryJobRoute,
  cancelJobRoute,
  skipStepRoute,
  abandonJobRoute,
  statusRoute,
  servicesRoute,
  serviceRoute,
  credentialsRoute,
  resetCredentialsRoute,
  loginLinkRoute,
  overviewRoute,
  plansRoute,
  createPlanRoute,
  planRoute,
  replacePlanRoute,
  deletePlanRoute,
  capacityRoute,
  reserveRoute,
  releaseRoute,
  panelSyncRoute,
  eventsRoute,
  jobsRoute,
  readJobRoute,
  jobEventsRoute,
  tasksRoute,
  taskRoute,
  retryTaskRoute,
  retryTasksRoute,
  removeTasksRoute,
  metricsRoute,
  auditRoute,
  alertsRoute,
  modulesRoute,
  moduleRoute,
  moduleApiRoute,
  moduleStaticRoute,
  webhookRoute,
  ...channelRoutes,
  ...gatewayRoutes,
  activateModuleRoute,
  updateModuleRoute,
  deactivateModuleRoute,
  moduleSettingsRoute,
  replaceModuleSettingsRoute,
  moduleLogRoute,
  rescanModulesRoute,
  serversRoute,
  addServerRoute,
  serverRoute,
  changeServerRoute,
  removeServerRoute,
  testServerRoute,
  healthRoute,
  readyRoute,
  openapiRoute,
  docsRoute,
];

/** Endpoints that only the daemon's own command line may use. */
export const SOCKET_ROUTES: readonly Route[] = [
  testAlertsRoute,
  stateKeyRoute,
  rotateStateKeyRoute,
  createTokenRoute,
  listTokensRoute,
  revokeTokenRoute,
  rotateTokenRoute,
  exportStateRoute,
  installModuleRoute,
  reconcileRoute,
  repairDriftRoute,
  clockRoute,
  confirmClockRoute,
];
