/** /channels: the instances of notification modules. */
import { instanceRoutes } from '../../server/instance-routes.js';

export const channelRoutes = instanceRoutes({ type: 'notification', path: '/channels', noun: 'Channel' });
