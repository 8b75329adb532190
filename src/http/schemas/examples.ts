/** One call of every route, as a panel would send it: shown in the description of the API, and made by a test. */
import type { Json } from '../../kernel/json.js';

export interface Example {
  readonly params?: { readonly [name: string]: string };
  readonly query?: { readonly [name: string]: string | number | boolean };
  readonly body?: Json;
}

const id = '12345';
const job = '01900000-0000-7000-8000-000000000000';
const site = { body: { service_id: id } };
const domain = { body: { service_id: id, domain: 'example.com' } };
const backup = { body: { service_id: id, bak: 'BAK11122025-1' } };
const order = {
  service_id: id,
  email: 'customer@example.com',
  plan: 'basic',
  public_ip: '203.0.113.10',
};

export const EXAMPLES: Readonly<Record<string, Example>> = {
  'POST /create-site': { body: order },
  'POST /delete-site': site,
  'POST /suspend': { body: { service_id: id, reason: 'billing' } },
  'POST /unsuspend': site,
  'POST /wp/upgrade': { body: { service_id: id, plan: 'premium' } },
  'POST /wp/upgrade/check': { body: { service_id: id, plan: 'premium' } },
  'GET /status': { query: { service_id: id } },
  'POST /action': { body: { service_id: id, action: 'restart', status: 'active' } },
  'POST /action/start': { body: { service_id: id, status: 'active' } },
  'POST /action/stop': { body: { service_id: id, status: 'active' } },
  'POST /action/restart': { body: { service_id: id, status: 'active' } },
  'POST /action/reset': { body: { service_id: id, status: 'active' } },
  'GET /action/getdomain': { query: { service_id: id } },
  'POST /action/setdomain': domain,
  'POST /action/deldomain': domain,
  'POST /action/setprimary': domain,
  'POST /action/toggle': { body: { service_id: id, enabled: false } },
  'GET /action/getbak': { query: { service_id: id } },
  'POST /action/mkbak': site,
  'POST /action/delbak': backup,
  'POST /action/rollback': backup,
  'POST /customdomain/add': domain,
  'POST /customdomain/getdata': { body: { user_id: '77' } },
  'POST /customdomain/add/zone': { body: { user_id: '77', domain: 'example.com' } },
  'POST /customdomain/delete/zone': { body: { domain: 'example.com' } },
  'POST /customdomain/add/record': {
    body: { zone: 'example.com', type: 'A', name: 'shop', ttl: 300, ip: 'PROXYSRV' },
  },
  'POST /customdomain/delete/record': { body: { zone_id: 'example.com', rc_id: '1' } },
  'GET /services': { query: { status: 'running', limit: 100 } },
  'GET /services/:id': { params: { id } },
  'PATCH /services/:id': { params: { id }, body: { email: 'new.owner@example.com' } },
  'GET /services/:id/credentials': { params: { id } },
  'POST /services/:id/credentials/reset': { params: { id } },
  'POST /alerts/test': {},
  'POST /services/:id/retry': { params: { id } },
  'POST /services/:id/forget': { params: { id }, body: { confirm: id } },
  'POST /panel/sync': {
    body: [{ service_id: id, status: 'active', plan: 'basic', email: 'customer@example.com' }],
  },
  'GET /events': { query: { after: 'latest' } },
  'GET /plans': {},
  'GET /jobs': { query: { service_id: id, status: 'queued' } },
  'GET /jobs/:id': { params: { id: job } },
  'GET /jobs/:id/events': { params: { id: job } },
  'POST /jobs/:id/retry': { params: { id: job } },
  'POST /jobs/:id/cancel': { params: { id: job } },
  'POST /jobs/:id/skip-step': { params: { id: job }, body: { step: 'dns' } },
  'POST /jobs/:id/abandon': { params: { id: job } },
  'GET /health': {},
  'GET /ready': {},
  'GET /openapi.json': {},
  'POST /reconcile': {},
  'POST /reconcile/repair': { body: { findings: [], orphans: [] } },
  'GET /metrics': {},
  'GET /audit': { query: { service_id: id, limit: 100 } },
  'GET /alerts': {},
  'GET /clock': {},
  'POST /clock/confirm': {},
  'GET /state/key': {},
  'POST /state/rotate-key': {},
  'GET /state/export': {},
  'GET /tokens': {},
  'POST /tokens': { body: { name: 'paymenter', networks: ['192.0.2.7'] } },
  'POST /tokens/:id/rotate': { params: { id: 'paymenter' }, body: { overlap_s: 86_400 } },
  'DELETE /tokens/:id': { params: { id: 'paymenter' } },
};

/** The path and query of a route's example. */
export function exampleUrl(route: string, { params = {}, query = {} }: Example): string {
  const path = route
    .slice(route.indexOf(' ') + 1)
    .replace(/:([a-z]+)/g, (_, name: string) => params[name] ?? name);
  const words = Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]);
  return words.length > 0 ? `${path}?${new URLSearchParams(words).toString()}` : path;
}
