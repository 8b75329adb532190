/** GET and POST /modules/{type}/{name}/static/{route} */
import { addModuleRoute, incomingRequest } from '../../server/module-route.js';
import type { Route } from '../../server/route.js';

/** Parts of the path before those that the module gets. */
const PREFIX = 4;
/** Anybody can send a body. */
const MOST_BYTES = 65_536;

export const moduleStaticRoute: Route = (app, { moduleRequests }) => {
  addModuleRoute(app, {
    methods: ['GET', 'POST'],
    url: '/modules/:type/:name/static/:route',
    bodyLimit: MOST_BYTES,
    handle: (request) => moduleRequests.static(incomingRequest(request, PREFIX)),
  });
};
