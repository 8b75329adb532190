/** All API methods that the simulated Proxmox implements. */
import type { Route } from './route.js';
import { accessRoutes } from './routes/access.js';
import { clusterRoutes } from './routes/cluster.js';
import { haGroupRoutes } from './routes/ha-groups.js';
import { haResourceRoutes } from './routes/ha-resources.js';
import { haRuleRoutes } from './routes/ha-rules.js';
import { configRoutes } from './routes/lxc-config.js';
import { cloneRoutes } from './routes/lxc-clone.js';
import { createRoutes } from './routes/lxc-create.js';
import { destroyRoutes } from './routes/lxc-destroy.js';
import { powerRoutes } from './routes/lxc-power.js';
import { snapshotRoutes } from './routes/lxc-snapshot.js';
import { nodeRoutes } from './routes/nodes.js';
import { poolRoutes } from './routes/pools.js';
import { taskRoutes } from './routes/tasks.js';

export const ROUTES: readonly Route[] = [
  ...[...clusterRoutes, ...nodeRoutes, ...taskRoutes, ...poolRoutes, ...accessRoutes],
  ...[...createRoutes, ...cloneRoutes, ...destroyRoutes, ...configRoutes, ...powerRoutes],
  ...[...snapshotRoutes, ...haResourceRoutes, ...haRuleRoutes, ...haGroupRoutes],
];
