/** The operations of the contract: how each begins, what is called, and what must be true when it is done, or undone. */
import type { Fault } from '../../src/sandbox/world.js';
import { doneWell } from './panel.js';
import { type Picture, type ServiceOnDisk, serviceIn, takePicture } from './picture.js';
import { type Answer, type Call, planName, type Rig } from './rig.js';

export interface Operation {
  readonly name: string;
  readonly source?: 'scratch';
  /** In force from the call to the job's end: the operation is to fail. */
  readonly fault?: Fault;
  /** The service needs none yet. */
  readonly fresh?: true;
  /** A second call right behind the first, which is not waited for. */
  readonly also?: (service: Subject) => Call;
  /** Brings the service to where the operation may begin. */
  ready?(rig: Rig, service: Subject): Promise<void>;
  call(service: Subject): Call;
  /** Refusals that say that the repeated call has been carried out already. */
  readonly already?: readonly string[];
  /** Whether the operation's promise is kept. */
  done(after: ServiceOnDisk, before: ServiceOnDisk | undefined, subject: Subject): boolean;
  /** Whether it ends undone as a rule: its fault stays. */
  readonly fails?: true;
}

/** The service that an operation is tried on. */
export interface Subject {
  readonly id: string;
  /** Of this try: domains, plans and keys are its own. */
  readonly n: number;
  /** As it stood before. */
  readonly before?: ServiceOnDisk | undefined;
  /** Whether its container ran. */
  readonly ran?: boolean;
}

const ASYNC: Readonly<Record<string, string>> = { prefer: 'respond-async' };
const keyed = (service: Subject): Readonly<Record<string, string>> => ({
  ...ASYNC,
  'idempotency-key': `try-${service.id}-${service.n}`,
});

export const order = ({ id }: Subject): Call => ({
  path: '/create-site',
  body: { service_id: id, email: `${id}@example.com`, plan: planName(0), public_ip: '203.0.113.10' },
});

const act = (path: string, service: Subject, more: object = {}, headers = ASYNC): Call => ({
  path,
  body: { service_id: service.id, ...more },
  headers,
});

const domainOf = ({ n }: Subject): string => `chaos${n}.org`;
const backups = (service: ServiceOnDisk | undefined): string[] =>
  (service?.snapshots ?? []).filter(({ kind }) => kind === 'backup').map(({ name }) => name);
const planNumber = (service: ServiceOnDisk | undefined): number => Number(service?.plan.name.slice(1) ?? 0);
const firstBackup = (service: Subject): string => backups(service.before)[0] ?? '';
const same = (a: readonly string[], b: readonly string[]): boolean =>
  [...a].sort().join() === [...b].sort().join();

async function look(rig: Rig, { id }: Subject): Promise<{ picture: Picture; service: ServiceOnDisk }> {
  const picture = await takePicture(rig);
  const service = serviceIn(picture, id);
  if (!service) throw new Error(`there is no service ${id}`);
  return { picture, service };
}

/** Active, and running or stopped. */
async function awake(rig: Rig, subject: Subject, running = true): Promise<void> {
  const { picture, service } = await look(rig, subject);
  if (service.suspendedFor.length > 0) await doneWell(rig, act('/unsuspend', subject));
  const now = picture.world.containers.find(({ vmid }) => vmid === service.vmid)?.running ?? false;
  const runs = service.suspendedFor.length > 0 || now;
  if (runs !== running) await doneWell(rig, act(running ? '/action/start' : '/action/stop', subject));
}

async function withBackup(rig: Rig, subject: Subject): Promise<void> {
  await awake(rig, subject);
  const { service } = await look(rig, subject);
  if (backups(service).length === 0) await doneWell(rig, act('/action/mkbak', subject));
}

async function withRoomForBackup(rig: Rig, subject: Subject): Promise<void> {
  await awake(rig, subject);
  const { service } = await look(rig, subject);
  const names = backups(service);
  if (names.length >= service.plan.backups)
    await doneWell(rig, act('/action/delbak', subject, { bak: names[0] }));
}

async function withRoomForDomain(rig: Rig, subject: Subject): Promise<void> {
  await awake(rig, subject);
  const { service } = await look(rig, subject);
  if (service.domains.length >= service.plan.domains)
    await doneWell(rig, act('/action/deldomain', subject, { domain: service.domains[0]?.domain }));
  await rig.control('PUT', '/dns', { name: domainOf(subject), type: 'A', values: ['203.0.113.10'] });
}

async function withDomain(rig: Rig, subject: Subject): Promise<void> {
  await awake(rig, subject);
  const { service } = await look(rig, subject);
  if (service.domains.length > 0) return;
  await withRoomForDomain(rig, subject);
  await doneWell(rig, act('/action/setdomain', subject, { domain: domainOf(subject) }));
}

const isMade = (service: ServiceOnDisk): boolean =>
  service.lifecycle === 'active' &&
  same(
    service.snapshots.map(({ name }) => name),
    ['initial'],
  );
const isGone = ({ lifecycle }: ServiceOnDisk): boolean => lifecycle === 'terminated';
const snapshotNames = (service: ServiceOnDisk | undefined): string[] =>
  service?.snapshots.map(({ name }) => name) ?? [];

const create: Operation = { name: 'create', fresh: true, call: order, done: isMade };

export const OPERATIONS: readonly Operation[] = [
  create,
  { ...create, name: 'create from scratch', source: 'scratch' },
  {
    ...create,
    name: 'create, undone',
    fault: { target: 'exec', path: 'wordpress/configure', kind: { taskError: 'E: no such package' } },
    fails: true,
    done: ({ lifecycle }) => lifecycle === 'failed',
  },
  {
    name: 'delete',
    ready: awake,
    call: (service) => act('/delete-site', service),
    done: isGone,
  },
  {
    name: 'delete while created',
    fresh: true,
    call: order,
    also: (service) => act('/delete-site', service),
    done: isGone,
  },
  {
    name: 'suspend',
    ready: awake,
    call: (service) => act('/suspend', service),
    done: ({ lifecycle, suspendedFor }) => lifecycle === 'suspended' && suspendedFor.join() === 'billing',
  },
  {
    name: 'unsuspend',
    async ready(rig, service) {
      await awake(rig, service);
      await doneWell(rig, act('/suspend', service));
    },
    call: (service) => act('/unsuspend', service),
    done: ({ lifecycle, suspendedFor }) => lifecycle === 'active' && suspendedFor.length === 0,
  },
  {
    name: 'upgrade',
    ready: awake,
    call: (service) => act('/wp/upgrade', service, { plan: planName(planNumber(service.before) + 1) }),
    done: (after, before) => planNumber(after) === planNumber(before) + 1,
  },
  {
    name: 'domain add',
    ready: withRoomForDomain,
    call: (service) => act('/action/setdomain', service, { domain: domainOf(service) }),
    already: ['domain_exists'],
    done: (after, before, service) =>
      after.domains.length === (before?.domains.length ?? 0) + 1 &&
      after.domains.some(({ domain }) => domain === domainOf(service)),
  },
  {
    name: 'domain remove',
    ready: withDomain,
    call: (service) =>
      act('/action/deldomain', service, { domain: service.before?.domains[0]?.domain ?? '' }),
    already: ['domain_not_found'],
    done: (after, before) => after.domains.length === (before?.domains.length ?? 0) - 1,
  },
  {
    name: 'backup',
    ready: withRoomForBackup,
    call: (service) => act('/action/mkbak', service, {}, keyed(service)),
    done: (after, before) => backups(after).length === backups(before).length + 1,
  },
  {
    name: 'delete backup',
    ready: withBackup,
    call: (service) => act('/action/delbak', service, { bak: firstBackup(service) }),
    already: ['backup_not_found'],
    done: (after, before) => backups(after).length === backups(before).length - 1,
  },
  {
    name: 'rollback',
    ready: withBackup,
    call: (service) => act('/action/rollback', service, { bak: firstBackup(service) }),
    done: (after, before) => same(snapshotNames(after), snapshotNames(before)),
  },
  {
    name: 'reset',
    ready: awake,
    call: (service) => act('/action/reset', service, {}, keyed(service)),
    done: (after, before) =>
      same(backups(after), backups(before)) &&
      snapshotNames(after).filter((name) => name.startsWith('safety-')).length ===
        Math.min(2, snapshotNames(before).filter((name) => name.startsWith('safety-')).length + 1),
  },
  {
    name: 'start',
    ready: (rig, service) => awake(rig, service, false),
    call: (service) => act('/action/start', service),
    done: ({ lifecycle }) => lifecycle === 'active',
  },
  {
    name: 'stop',
    ready: awake,
    call: (service) => act('/action/stop', service),
    done: ({ lifecycle }) => lifecycle === 'active',
  },
  {
    name: 'restart',
    ready: awake,
    call: (service) => act('/action/restart', service),
    done: ({ lifecycle }) => lifecycle === 'active',
  },
  {
    name: 'toggle',
    ready: awake,
    call: (service) => act('/action/toggle', service, {}, keyed(service)),
    done: (after, before) => after.proxyEnabled === !before?.proxyEnabled,
  },
];

/** Whether the container must run once the operation is done; undefined: as before. */
export const LEAVES: Readonly<Record<string, boolean | undefined>> = {
  create: true,
  'create from scratch': true,
  suspend: false,
  unsuspend: true,
  start: true,
  stop: false,
  restart: true,
};

export type { Answer };
