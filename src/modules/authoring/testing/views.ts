/** The plan and the service that a test sees, from its options and the state of the simulated systems. */
import type { ServerView } from '../../kit/server-types.js';
import { PARTS, type Part } from '../../../model/part.js';
import type { Plan } from '../../../model/plan.js';
import type { GuestView, ServiceView, SiteView } from '../../kit/context.js';
import type { CompleteOptions } from './complete-options.js';
import type { FakeOptions } from './options.js';
import type { World } from './world.js';

export function planOf({ plan }: FakeOptions): Plan {
  return {
    ...{ name: 'basic', aliases: [], memoryMb: 2048, swapMb: 512, diskGb: 20, cores: 2 },
    ...{ domains: 3, backups: 2, ...plan },
  };
}

export function viewOf(world: World, options: CompleteOptions, parts: readonly Part[] = PARTS): ServiceView {
  const { properties = {}, service: { guest, site, ...rest } = {} } = options;
  return {
    ...{ panel: 'default', id: '12', generation: 1, email: 'alice@example.com', locale: null },
    ...{ publicIps: ['192.0.2.1'], plan: planOf(options), properties, suspendedFor: [], ...rest },
    data: { ...options.ordered, ...rest.data, ...world.data() },
    guest: parts.includes('guest') ? guestView(world, guest) : null,
    site: parts.includes('site') ? siteView(site) : null,
  };
}

function guestView({ container }: World, guest: Partial<GuestView> = {}): GuestView {
  const { power } = container.look();
  return {
    ...{ addresses: ['10.0.0.5'], power: power === 'absent' ? null : power },
    ...guest,
    snapshots: container.snapshots(),
  };
}

function siteView(site: Partial<SiteView> = {}): SiteView {
  const fqdn = site.fqdn ?? 'alice.sites.example.net';
  return {
    ...{ subdomain: 'alice', fqdn, url: `https://${fqdn}`, names: [fqdn], proxyEnabled: true, ...site },
  };
}

/** The server of a service, for products that use servers. */
export function serverOf({ server = {} }: FakeOptions): ServerView {
  return {
    ...{ id: 'srv_1', name: 'web1', group: 'default', host: 'web1.example.net', port: 443, data: {} },
    ...{ credentials: {}, http: { baseUrl: 'https://web1.example.net' } },
    ...server,
  };
}
