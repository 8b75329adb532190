/** GET and POST /webhooks/{type}/{name}/{instance} */
import { addModuleRoute, incomingRequest } from '../../server/module-route.js';
import type { Route } from '../../server/route.js';

/** Parts of the path before those that the module gets. */
const PREFIX = 3;
/** Anybody can send a body. */
const MOST_BYTES = 262_144;

export const webhookRoute: Route = (app, { moduleRequests }) => {
  addModuleRoute(app, {
    methods: ['GET', 'POST'],
    url: '/webhooks/:type/:name/:instance',
    bodyLimit: MOST_BYTES,
    head: false,
    handle: (request) => moduleRequests.webhook(incomingRequest(request, PREFIX)),
  });
};
