/** Tests name the fields of a service's parts on one level, as few of them are about the parts themselves. */
import type { Guest } from '../../src/model/guest.js';
import type { Service } from '../../src/model/service.js';
import type { Site } from '../../src/model/site.js';

export type FlatService = Omit<Service, 'guest' | 'site'> & Guest & Site;
/** `guest` or `site`: the whole part, before its fields are changed. */
export type Changes = Partial<FlatService & Pick<Service, 'guest' | 'site'>>;

const GUEST: readonly string[] = ['addresses', 'vmid', 'node', 'snapshots', 'lastBackup', 'power', 'diskGb'];
const SITE: readonly string[] = [
  'subdomain',
  'fqdn',
  'domains',
  'domainWish',
  'primaryDomain',
  'proxyEnabled',
];

/** Throws for a service that lacks a part. */
export function flat({ guest, site, ...service }: Service): FlatService {
  if (!guest || !site) throw new Error(`service ${service.id} has no ${guest ? 'site' : 'guest'}`);
  return { ...service, ...guest, ...site };
}

export function changed(service: Service, changes: Changes): Service {
  const { guest = service.guest, site = service.site } = changes;
  const only = (isWanted: (name: string) => boolean): object =>
    Object.fromEntries(Object.entries(changes).filter(([name]) => isWanted(name)));
  return {
    ...service,
    ...only((name) => !GUEST.includes(name) && !SITE.includes(name)),
    guest: guest && { ...guest, ...only((name) => GUEST.includes(name)) },
    site: site && { ...site, ...only((name) => SITE.includes(name)) },
  };
}

/** The same for a document as it lies on disk. */
export function flatDocument(document: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const part = (name: string): object => {
    const value = document[name];
    return typeof value === 'object' && value !== null ? value : {};
  };
  return { ...document, ...part('guest'), ...part('site') };
}
