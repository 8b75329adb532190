/**
 * The list of invariants that must hold when no work is in progress, whatever died before. Each describes where it is
 * broken.
 */
import { basename } from 'node:path';
import { findMark } from '../../src/kernel/mark.js';
import type { Picture, ServiceOnDisk } from './picture.js';

/** The check waits for a purge that is due within this time. */
const PURGED_WITHIN_MS = 60_000;

type Invariant = (picture: Picture) => string[];

const AGENT = 'sandbox';

/** Services with a site. */
const living = ({ services }: Picture): ServiceOnDisk[] =>
  services.filter(({ lifecycle }) => lifecycle === 'active' || lifecycle === 'suspended');

/** Deleted services whose container is still kept. */
const held = ({ services }: Picture): ServiceOnDisk[] =>
  services.filter(({ lifecycle, vmid }) => lifecycle === 'terminated' && vmid !== null);

/** True for the container of a stuck creation: it may exist or not. */
const isStuck = ({ services }: Picture, vmid: number): boolean =>
  services.some(
    (service) =>
      service.vmid === vmid &&
      service.lifecycle === 'failed' &&
      service.jobs.some(({ status }) => status === 'stuck'),
  );

const isSuspended = ({ suspendedFor }: ServiceOnDisk): boolean => suspendedFor.length > 0;

const namesOf = ({ fqdn, domains }: ServiceOnDisk): string[] => [
  fqdn,
  ...domains.flatMap(({ domain, www }) => (www ? [domain, `www.${domain}`] : [domain])),
];

const isMarked = (text: string | undefined, { id, generation }: ServiceOnDisk): boolean => {
  const mark = findMark(text ?? '');
  return mark?.agent === AGENT && mark.service === id && mark.generation === generation;
};

/** The differences between the two lists. */
function differences(what: string, wanted: readonly string[], found: readonly string[]): string[] {
  const count = (list: readonly string[], item: string): number => list.filter((one) => one === item).length;
  return [...new Set([...wanted, ...found])].flatMap((item) => {
    const [should, is] = [count(wanted, item), count(found, item)];
    return should === is ? [] : [`${what} ${item}: ${is} instead of ${should}`];
  });
}

export const INVARIANTS: Readonly<Record<string, Invariant>> = {
  'every job has ended': ({ services }) =>
    services.flatMap(({ id, jobs }) =>
      jobs
        .filter(({ status }) => ['queued', 'running', 'waiting'].includes(status))
        .map(({ method, status }) => `${method} of ${id} is ${status}`),
    ),

  'nothing goes on in the world': ({ world }) => [
    ...(world.tasks > 0 ? [`${world.tasks} tasks`] : []),
    ...world.containers.flatMap(({ vmid, config: { lock } }) =>
      lock === undefined ? [] : [`container ${vmid} is locked (${lock})`],
    ),
  ],

  'every service has exactly one container, and no container is left over': (picture) => {
    const containers = picture.world.containers.filter(
      ({ vmid, config }) => config['template'] !== '1' && !isStuck(picture, vmid),
    );
    return differences(
      'container',
      [...living(picture), ...held(picture)].map(
        ({ id, generation, vmid, node }) => `${vmid ?? '?'} on ${node ?? '?'} for ${id}/${generation}`,
      ),
      containers.map(({ vmid, node, config }) => {
        const mark = findMark(config['description'] ?? '');
        return `${vmid} on ${node} for ${mark?.service ?? '?'}/${mark?.generation ?? '?'}`;
      }),
    );
  },

  'a container is what was sold': (picture) =>
    [...living(picture), ...held(picture)].flatMap((service) => {
      const { plan, addresses, vmid, subdomain } = service;
      const config = picture.world.containers.find((container) => container.vmid === vmid)?.config ?? {};
      const has = (key: string, part: string): string[] =>
        (config[key] ?? '').includes(part)
          ? []
          : [`${key} of ${vmid} is ${config[key] ?? 'missing'}, not ${part}`];
      return [
        ...has('memory', String(plan.memoryMb)),
        ...has('swap', String(plan.swapMb)),
        ...has('cores', String(plan.cores)),
        ...(gibOf(config['rootfs'] ?? '') === plan.diskGb
          ? []
          : [`rootfs of ${vmid} is ${config['rootfs'] ?? 'missing'}, not of ${plan.diskGb}G`]),
        ...has('hostname', subdomain),
        ...addresses.flatMap(({ address }) => has('net0', `ip=${address}/`)),
      ];
    }),

  'a suspended site is stopped': (picture) =>
    living(picture).flatMap((service) => {
      const running = picture.world.containers.find(({ vmid }) => vmid === service.vmid)?.running;
      return isSuspended(service) && running ? [`${service.id} runs`] : [];
    }),

  'what is kept of a deleted site is stopped, and goes when it is due': (picture) =>
    held(picture).flatMap(({ id, vmid, deletion }) => {
      const running = picture.world.containers.find((container) => container.vmid === vmid)?.running;
      const due = Date.parse(deletion?.purgeAt ?? '') - Date.now() < PURGED_WITHIN_MS;
      return [...(running ? [`${id} runs`] : []), ...(due ? [`${id} is not purged`] : [])];
    }),

  'snapshots are those on record': (picture) =>
    [...living(picture), ...held(picture)].flatMap(({ id, vmid, snapshots }) =>
      differences(
        `snapshot of ${id}`,
        snapshots.map(({ name }) => name),
        Object.keys(picture.world.containers.find((container) => container.vmid === vmid)?.snapshots ?? {}),
      ),
    ),

  'no quota is exceeded': (picture) =>
    living(picture).flatMap(({ id, plan, snapshots, domains }) => [
      ...(snapshots.filter(({ kind }) => kind === 'backup').length > plan.backups
        ? [`backups of ${id}`]
        : []),
      ...(domains.length > plan.domains ? [`domains of ${id}`] : []),
    ]),

  'high availability knows each container once, and wants what it is': (picture) => {
    const { resources, rules } = picture.world.ha;
    const services = living(picture);
    return [
      ...differences(
        'HA resource',
        services.map(({ vmid }) => `ct:${vmid ?? '?'}`),
        Object.keys(resources),
      ),
      ...differences(
        'HA rule',
        services.map(({ vmid }) => `innkeeper-ct-${vmid ?? '?'}`),
        Object.keys(rules),
      ),
      ...services.flatMap((service) => {
        const options = resources[`ct:${service.vmid ?? '?'}`]?.options ?? {};
        const running = picture.world.containers.find(({ vmid }) => vmid === service.vmid)?.running;
        const marked = isMarked(options['comment'], service)
          ? []
          : [`HA of ${service.id} has a different mark`];
        const wants = options['state'] ?? 'started';
        return wants === (running ? 'started' : 'stopped')
          ? marked
          : [...marked, `HA wants ${service.id} ${wants}, running: ${running ?? '?'}`];
      }),
    ];
  },

  'every site has its DNS record': (picture) =>
    differences(
      'record',
      living(picture).map(({ fqdn }) => `${fqdn}. A 203.0.113.10`),
      picture.world.records
        .filter(({ name, type }) => !['SOA', 'NS'].includes(type) && !name.startsWith('ns1.'))
        .flatMap(({ name, type, records }) => records.map(({ content }) => `${name} ${type} ${content}`)),
    ),

  'the proxy has one record per site, as the site is': (picture) =>
    differences(
      'proxy record',
      living(picture).map((service) => {
        const state = isSuspended(service) ? 'suspended' : service.proxyEnabled ? 'enabled' : 'disabled';
        return hostText(service, namesOf(service), service.addresses[0]?.address ?? '?', state);
      }),
      picture.sites.map(({ mark, names, upstream, state }) =>
        hostText({ id: mark.service, generation: mark.generation }, names, upstream.address, state),
      ),
    ),

  'visitors get what is on record': (picture) =>
    differences(
      'served',
      picture.sites.flatMap(({ names, upstream, state }) =>
        state === 'disabled' ? [] : names.map((name) => `${name} ${upstream.address} ${state}`),
      ),
      Object.entries(picture.world.sites).map(([name, { address, state }]) => `${name} ${address} ${state}`),
    ),

  'every domain has its certificate, and no certificate is left over': (picture) => {
    const served = living(picture).flatMap(({ domains }) => domains);
    return [
      ...served.flatMap(({ domain, certificate }) =>
        certificate.state === 'issued' ? [] : [`the certificate of ${domain} is ${certificate.state}`],
      ),
      ...differences(
        'certificate shown for',
        served.flatMap(({ domain, www }) => (www ? [domain, `www.${domain}`] : [domain])),
        Object.keys(picture.world.certificates),
      ),
      ...differences(
        'domain record of',
        living(picture).flatMap(({ id, domains }) =>
          domains.map(({ domain }) => `${domain} for default/${id}`),
        ),
        picture.domains.flatMap(({ domain, service }) =>
          service === null ? [] : [`${domain} for ${service}`],
        ),
      ),
      ...picture.domains.flatMap(({ domain, service, certificate }) =>
        service === null && certificate !== null ? [`the key of ${domain} is still kept`] : [],
      ),
    ];
  },

  'nothing is claimed twice, and nothing by what is gone': ({ services }) => {
    const holding = services.filter(({ vmid }) => vmid !== null);
    const twice = (what: string, values: readonly string[]): string[] =>
      differences(what, [...new Set(values)], values);
    return [
      ...twice(
        'number',
        holding.map(({ vmid }) => String(vmid)),
      ),
      ...twice(
        'address',
        holding.flatMap(({ addresses }) => addresses.map(({ address }) => address)),
      ),
      ...twice(
        'name',
        holding.map(({ subdomain }) => subdomain),
      ),
      ...services.flatMap(({ id, lifecycle, vmid, addresses, snapshots, domains, jobs }) => {
        const stuck = jobs.some(({ status }) => status === 'stuck');
        const gone = (lifecycle === 'terminated' && vmid === null) || (lifecycle === 'failed' && !stuck);
        const left = vmid !== null || addresses.length + snapshots.length + domains.length > 0;
        return gone && left ? [`${id} is ${lifecycle} and holds something`] : [];
      }),
    ];
  },

  "customers' zones are those on record": ({ zones, world }) =>
    differences(
      'zone',
      zones.filter(({ goneAt }) => goneAt === undefined).map(({ zone }) => `${zone}.`),
      world.zones.map(({ name }) => name),
    ),

  'every job that has ended is in the archive': ({ services, archived }) =>
    services.flatMap(({ id, jobs }) =>
      jobs
        .filter((job) => job.endedAt !== null && !archived.has(job.id))
        .map(({ method }) => `${method} of ${id} is not`),
    ),

  'the folder of the proxy holds no certificate or challenge of the past': ({ files, world }) => {
    const shown = Object.values(world.certificates).map(({ certFile }) => basename(certFile, '.pem'));
    return files.filter((file) => {
      const [, folder, name = ''] = file.split('/');
      if (folder === 'challenges') return true;
      return (
        folder === 'certificates' &&
        !name.endsWith('.json') &&
        !shown.includes(name.replace(/\.(pem|key)$/, ''))
      );
    });
  },

  'no half-written file stays': ({ files }) => files.filter((file) => file.endsWith('.tmp')),

  'nothing was found damaged': ({ files }) => files.filter((file) => file.startsWith('damaged/')),

  'every event was told': ({ services, events }) => {
    const told = new Set(events.map(({ id }) => id));
    return services.flatMap(({ id, events: kept = [] }) =>
      kept.filter((event) => !told.has(event.id)).map(({ type }) => `${type} of ${id}`),
    );
  },
};

/** Whole GiB: a file system that did not grow at once gets some additional MiB. */
function gibOf(rootfs: string): number {
  const [, size = '', unit] = /size=(\d+)([GM])/.exec(rootfs) ?? [];
  return Math.floor(Number(size) / (unit === 'M' ? 1024 : 1));
}

function hostText(
  { id, generation }: Pick<ServiceOnDisk, 'id' | 'generation'>,
  names: readonly string[],
  address: string,
  state: string,
): string {
  return `${id}/${generation} ${[...names].sort().join(' ')} ${address} ${state}`;
}

/** Every broken invariant, with its place. */
export function broken(picture: Picture): string[] {
  return Object.entries(INVARIANTS).flatMap(([name, check]) =>
    check(picture).map((problem) => `${name}: ${problem}`),
  );
}
