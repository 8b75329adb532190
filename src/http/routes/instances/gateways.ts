/** /gateways: the instances of payment modules. */
import { instanceRoutes } from '../../server/instance-routes.js';

export const gatewayRoutes = instanceRoutes({ type: 'payment', path: '/gateways', noun: 'Gateway' });
