/** ANY /modules/{type}/{name}/api/{...} */
import { callerOf } from '../../guards/auth.js';
import { addModuleRoute, incomingRequest } from '../../server/module-route.js';
import type { Route } from '../../server/route.js';

/** Parts of the path before those that the module gets. */
const PREFIX = 4;

export const moduleApiRoute: Route = (app, { config, moduleRequests }) => {
  addModuleRoute(app, {
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    url: '/modules/:type/:name/api/*',
    bodyLimit: config.api.body_limit_bytes,
    handle: (request) =>
      moduleRequests.api({
        ...incomingRequest(request, PREFIX),
        caller: callerOf(request),
        tokenId: request.tokenId ?? '',
      }),
  });
};
