/** All endpoints, by the door they are served at. */
import type { Route } from '../route.js';
import { createSiteRoute } from './create-site.js';
import { healthRoute } from './health.js';
import { jobEventsRoute } from './jobs-id-events.js';
import { jobRoute } from './jobs-id.js';
import { jobsRoute } from './jobs.js';
import { openapiRoute } from './openapi.js';
import { plansRoute } from './plans.js';
import { readyRoute } from './ready.js';
import { credentialsRoute } from './services-id-credentials.js';
import { serviceRoute } from './services-id.js';
import { servicesRoute } from './services.js';
import { statusRoute } from './status.js';
import { rotateTokenRoute } from './tokens-id-rotate.js';
import { revokeTokenRoute } from './tokens-id.js';
import { createTokenRoute, listTokensRoute } from './tokens.js';

export const ROUTES: readonly Route[] = [
  createSiteRoute,
  statusRoute,
  servicesRoute,
  serviceRoute,
  credentialsRoute,
  plansRoute,
  jobsRoute,
  jobRoute,
  jobEventsRoute,
  healthRoute,
  readyRoute,
  openapiRoute,
];

/** Only for the daemon's own command line. */
export const SOCKET_ROUTES: readonly Route[] = [
  createTokenRoute,
  listTokensRoute,
  revokeTokenRoute,
  rotateTokenRoute,
];
