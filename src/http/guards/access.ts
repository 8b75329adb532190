/** The single list of the callers that each route accepts. A route that is not in the list cannot be registered. */
import type { Permission } from '../../model/permissions.js';
import type { Listener } from '../../model/listener.js';

/** `module`: the module declares the permission, which is checked when the route is found. */
export type Access = 'public' | 'module' | Permission;

/**
 * The kinds of requests whose rate is limited per token. Orders and similar requests have no rate limit, because a
 * panel does not repeat them.
 */
export type Limit = 'reads' | 'actions';

export interface Rule {
  readonly access: Access;
  /** `socket`: the route is available only at the daemon's own unix socket. */
  readonly listener: 'both' | 'socket';
  /**
   * False if GET changes something when it returns data: HEAD would make the same change without returning the data.
   */
  readonly head?: false;
}

const both = (access: Access): Rule => ({ access, listener: 'both' });
const socket = (access: Access): Rule => ({ access, listener: 'socket' });

export const ACCESS: Readonly<Record<string, Rule>> = {
  'POST /create-site': both('sites:write'),
  'POST /delete-site': both('sites:write'),
  'POST /suspend': both('sites:write'),
  'POST /unsuspend': both('sites:write'),
  'POST /wp/upgrade': both('sites:write'),
  'POST /wp/upgrade/check': both('sites:read'),
  'POST /action': both('sites:write'),
  'POST /action/start': both('sites:write'),
  'POST /action/stop': both('sites:write'),
  'POST /action/restart': both('sites:write'),
  'POST /action/reset': both('sites:write'),
  'GET /action/getbak': both('sites:read'),
  'POST /action/mkbak': both('backups:write'),
  'POST /action/delbak': both('backups:write'),
  'POST /action/rollback': both('backups:write'),
  'GET /action/getdomain': both('sites:read'),
  'POST /action/setdomain': both('domains:write'),
  'POST /action/deldomain': both('domains:write'),
  'POST /action/setprimary': both('domains:write'),
  'POST /action/toggle': both('sites:write'),
  'POST /customdomain/add': both('domains:write'),
  'POST /customdomain/getdata': both('sites:read'),
  'POST /customdomain/add/zone': both('domains:write'),
  'POST /customdomain/delete/zone': both('domains:write'),
  'POST /customdomain/add/record': both('domains:write'),
  'POST /customdomain/delete/record': both('domains:write'),
  'PATCH /services/:id': both('sites:write'),
  'POST /services/:id/actions/:name': both('sites:write'),
  'POST /services/:id/forget': both('admin'),
  'POST /services/:id/retry': both('admin'),
  'POST /jobs/:id/retry': both('sites:write'),
  'POST /jobs/:id/cancel': both('sites:write'),
  'POST /jobs/:id/skip-step': both('admin'),
  'POST /jobs/:id/abandon': both('admin'),
  'GET /status': both('sites:read'),
  'GET /services': both('sites:read'),
  'GET /services/:id': both('sites:read'),
  'GET /services/:id/overview': both('sites:read'),
  // the credentials include the password of the customer's site, so reading them needs more than `sites:read`
  'POST /services/:id/credentials/reset': both('sites:write'),
  'POST /services/:id/login-link': both('sites:write'),
  'GET /services/:id/credentials': { ...both('sites:write'), head: false },
  'GET /plans': both('sites:read'),
  'POST /plans': both('admin'),
  'GET /plans/:name': both('sites:read'),
  'PUT /plans/:name': both('admin'),
  'DELETE /plans/:name': both('admin'),
  'GET /capacity': both('sites:read'),
  'POST /reservations': both('sites:write'),
  'DELETE /reservations/:id': both('sites:write'),
  'POST /panel/sync': both('sites:read'),
  'GET /events': both('sites:read'),
  'GET /jobs': both('jobs:read'),
  'GET /jobs/:id': both('jobs:read'),
  'GET /jobs/:id/events': { ...both('jobs:read'), head: false },
  'GET /health': both('public'),
  'GET /ready': both('public'),
  // redirects to the page
  'GET /': both('public'),
  // the page and its files are public; to read the API description, the page needs a token
  'GET /docs': both('public'),
  'GET /docs/:file': both('public'),
  'GET /openapi.json': both('sites:read'),
  'GET /state/export': { ...socket('admin'), head: false },
  'POST /reconcile': socket('admin'),
  'POST /reconcile/repair': socket('admin'),
  'GET /metrics': both('metrics:read'),
  'GET /audit': both('admin'),
  'GET /modules': both('admin'),
  'GET /modules/:type/:name': both('admin'),
  // they need no token: the module verifies who has sent the request
  'GET /webhooks/:type/:name/:instance': { ...both('public'), head: false },
  'POST /webhooks/:type/:name/:instance': both('public'),
  'GET /modules/:type/:name/static/:route': both('public'),
  'POST /modules/:type/:name/static/:route': both('public'),
  'GET /channels': both('admin'),
  'POST /channels': both('admin'),
  'GET /channels/:id': both('admin'),
  'PUT /channels/:id': both('admin'),
  'DELETE /channels/:id': both('admin'),
  'GET /gateways': both('admin'),
  'POST /gateways': both('admin'),
  'GET /gateways/:id': both('admin'),
  'PUT /gateways/:id': both('admin'),
  'DELETE /gateways/:id': both('admin'),
  'GET /modules/:type/:name/api/*': both('module'),
  'POST /modules/:type/:name/api/*': both('module'),
  'PUT /modules/:type/:name/api/*': both('module'),
  'PATCH /modules/:type/:name/api/*': both('module'),
  'DELETE /modules/:type/:name/api/*': both('module'),
  'POST /modules/rescan': both('admin'),
  'POST /modules/install': socket('admin'),
  'GET /tasks': both('admin'),
  'GET /tasks/:id': both('admin'),
  'POST /tasks/:id/retry': both('admin'),
  'POST /tasks/retry': both('admin'),
  'DELETE /tasks': both('admin'),
  'GET /modules/:type/:name/servers': both('servers:read'),
  'POST /modules/:type/:name/servers': both('servers:write'),
  'GET /modules/:type/:name/servers/:id': both('servers:read'),
  'PATCH /modules/:type/:name/servers/:id': both('servers:write'),
  'DELETE /modules/:type/:name/servers/:id': both('servers:write'),
  'POST /modules/:type/:name/servers/:id/test': both('servers:write'),
  'POST /modules/:type/:name/activate': both('admin'),
  'POST /modules/:type/:name/update': both('admin'),
  'POST /modules/:type/:name/deactivate': both('admin'),
  'GET /modules/:type/:name/settings': both('admin'),
  'PUT /modules/:type/:name/settings': both('admin'),
  'GET /modules/:type/:name/log': both('admin'),
  'GET /alerts': both('admin'),
  'GET /clock': socket('admin'),
  'POST /clock/confirm': socket('admin'),
  'POST /alerts/test': socket('admin'),
  'GET /state/key': socket('admin'),
  'POST /state/rotate-key': socket('admin'),
  'POST /tokens': socket('admin'),
  'GET /tokens': socket('admin'),
  'DELETE /tokens/:id': socket('admin'),
  'POST /tokens/:id/rotate': socket('admin'),
};

/** Requests that are accepted even under load, because they need only one write to be recorded. */
const LIFE_CYCLE: ReadonlySet<string> = new Set([
  'POST /create-site',
  'POST /delete-site',
  'POST /suspend',
  'POST /unsuspend',
  'POST /wp/upgrade',
]);
/** POST requests that change nothing. */
const QUESTIONS: ReadonlySet<string> = new Set([
  'POST /wp/upgrade/check',
  'POST /customdomain/getdata',
  'POST /panel/sync',
]);

/**
 * Requests whose responses grow with the number of services. The value is how many of these requests one token may
 * have in progress.
 */
const LONG: Readonly<Record<string, number>> = {
  'POST /panel/sync': 2,
  'GET /services': 16,
  'GET /jobs': 16,
  'GET /events': 16,
  'GET /tasks': 16,
  'GET /audit': 16,
};

/** Returns how many requests of this kind one token may have in progress, or undefined if there is no limit. */
export function mostAtOnce(method: string, url: string): number | undefined {
  return ruleFor(method, url).listener === 'socket'
    ? undefined
    : LONG[`${method === 'HEAD' ? 'GET' : method} ${url}`];
}

/** Requests whose responses give access to a customer's site. */
const REVEALING: ReadonlySet<string> = new Set(['GET /services/:id/credentials']);

/**
 * Requests without a token that only modules understand. Anybody can send them, so they must not fill the audit log.
 * The log of the module contains them.
 */
const OF_MODULES: ReadonlySet<string> = new Set([
  'POST /webhooks/:type/:name/:instance',
  'POST /modules/:type/:name/static/:route',
]);

/** Returns whether the audit log records the request. */
export function isChange(method: string, url: string): boolean {
  const name = `${method} ${url}`;
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return REVEALING.has(name);
  return !QUESTIONS.has(name) && !OF_MODULES.has(name);
}

/** Returns the rate limit that applies to the request, or undefined if none applies. */
export function limitOf(method: string, url: string): Limit | undefined {
  const { access, listener } = ruleFor(method, url);
  const name = `${method} ${url}`;
  if (access === 'public' || access === 'admin' || listener === 'socket' || LIFE_CYCLE.has(name))
    return undefined;
  // each of these requests adds a line to the audit log, so their limit is lower than for other reads
  if (REVEALING.has(name)) return 'actions';
  return method === 'GET' || method === 'HEAD' || QUESTIONS.has(name) ? 'reads' : 'actions';
}

/** Throws if the route is not listed. Such a programming error prevents the start of the daemon. */
export function ruleFor(method: string, url: string): Rule {
  const rule = ACCESS[`${method === 'HEAD' ? 'GET' : method} ${url}`];
  if (!rule) throw new Error(`${method} ${url} is not listed in http/guards/access.ts`);
  return rule;
}

/** Returns the methods that a path supports at this listener. The list is empty if the path does not exist. */
export function methodsOf(path: string, listener: Listener): string[] {
  const wanted = path.length > 1 ? path.replace(/\/+$/, '') : path;
  return Object.entries(ACCESS)
    .filter(([, rule]) => rule.listener === 'both' || listener === 'socket')
    .map(([key, { head }]) => ({ head, route: key.split(' ') }))
    .filter(({ route: [, pattern = ''] }) => patternOf(pattern).test(wanted))
    .flatMap(({ head, route: [method = ''] }) =>
      method === 'GET' && head !== false ? ['GET', 'HEAD'] : [method],
    );
}

function patternOf(route: string): RegExp {
  const escaped = route
    .replace(/[.]/g, '\\.')
    .replace(/:[a-z]+/g, '[^/]+')
    .replace(/\*$/, '.*');
  return new RegExp(`^${escaped}$`);
}
