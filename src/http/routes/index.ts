/** All endpoints, by the door they are served at. */
import type { Route } from '../route.js';
import { actionRoutes } from './action.js';
import { removeBackupRoute } from './action-delbak.js';
import { removeDomainRoute } from './action-deldomain.js';
import { listBackupsRoute } from './action-getbak.js';
import { listDomainsRoute } from './action-getdomain.js';
import { makeBackupRoute } from './action-mkbak.js';
import { rollbackRoute } from './action-rollback.js';
import { addDomainRoutes } from './action-setdomain.js';
import { setPrimaryRoute } from './action-setprimary.js';
import { toggleRoute } from './action-toggle.js';
import { alertsRoute } from './alerts.js';
import { testAlertsRoute } from './alerts-test.js';
import { auditRoute } from './audit.js';
import { clockRoute, confirmClockRoute } from './clock.js';
import { zoneRoutes } from './customdomain.js';
import { createSiteRoute } from './create-site.js';
import { deleteSiteRoute } from './delete-site.js';
import { docsRoute } from './docs.js';
import { healthRoute } from './health.js';
import { jobEventsRoute } from './jobs-id-events.js';
import { abandonJobRoute } from './jobs-id-abandon.js';
import { cancelJobRoute } from './jobs-id-cancel.js';
import { retryJobRoute } from './jobs-id-retry.js';
import { skipStepRoute } from './jobs-id-skip-step.js';
import { jobRoute } from './jobs-id.js';
import { jobsRoute } from './jobs.js';
import { metricsRoute } from './metrics.js';
import { openapiRoute } from './openapi.js';
import { plansRoute } from './plans.js';
import { readyRoute } from './ready.js';
import { changeServiceRoute } from './services-id-change.js';
import { credentialsRoute } from './services-id-credentials.js';
import { resetCredentialsRoute } from './services-id-credentials-reset.js';
import { eventsRoute } from './events.js';
import { panelSyncRoute } from './panel-sync.js';
import { forgetServiceRoute } from './services-id-forget.js';
import { retryServiceRoute } from './services-id-retry.js';
import { serviceRoute } from './services-id.js';
import { servicesRoute } from './services.js';
import { exportStateRoute } from './state-export.js';
import { rotateStateKeyRoute, stateKeyRoute } from './state-key.js';
import { statusRoute } from './status.js';
import { suspendRoute, unsuspendRoute } from './suspend.js';
import { rotateTokenRoute } from './tokens-id-rotate.js';
import { reconcileRoute, repairDriftRoute } from './reconcile.js';
import { revokeTokenRoute } from './tokens-id.js';
import { createTokenRoute, listTokensRoute } from './tokens.js';
import { upgradeCheckRoute } from './wp-upgrade-check.js';
import { upgradeRoute } from './wp-upgrade.js';

export const ROUTES: readonly Route[] = [
  createSiteRoute,
  deleteSiteRoute,
  suspendRoute,
  unsuspendRoute,
  upgradeRoute,
  upgradeCheckRoute,
  actionRoutes,
  listBackupsRoute,
  makeBackupRoute,
  removeBackupRoute,
  rollbackRoute,
  listDomainsRoute,
  addDomainRoutes,
  removeDomainRoute,
  setPrimaryRoute,
  toggleRoute,
  zoneRoutes,
  changeServiceRoute,
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
  plansRoute,
  panelSyncRoute,
  eventsRoute,
  jobsRoute,
  jobRoute,
  jobEventsRoute,
  metricsRoute,
  auditRoute,
  alertsRoute,
  healthRoute,
  readyRoute,
  openapiRoute,
  docsRoute,
];

/** Only for the daemon's own command line. */
export const SOCKET_ROUTES: readonly Route[] = [
  testAlertsRoute,
  stateKeyRoute,
  rotateStateKeyRoute,
  createTokenRoute,
  listTokensRoute,
  revokeTokenRoute,
  rotateTokenRoute,
  exportStateRoute,
  reconcileRoute,
  repairDriftRoute,
  clockRoute,
  confirmClockRoute,
];
