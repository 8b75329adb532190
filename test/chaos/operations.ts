/** Successful operations of the API on one service. */
import {
  act,
  ASYNC,
  backupsOf,
  domainOf,
  emailOf,
  isGone,
  isKept,
  isMade,
  keyed,
  type Operation,
  order,
  same,
  snapshotNames,
  type Subject,
} from './operation.js';
import { UNDONE } from './operations-undone.js';
import { ZONES } from './operations-zones.js';
import type { ServiceOnDisk } from './picture.js';
import {
  asleep,
  awake,
  kept,
  suspended,
  withBackup,
  withDomain,
  withRoomForBackup,
  withRoomForDomain,
} from './ready.js';
import { planName } from './harness.js';

const planNumber = (service: ServiceOnDisk | undefined): number => Number(service?.plan.name.slice(1) ?? 0);
const firstBackup = (service: Subject): string => backupsOf(service.before)[0] ?? '';
const firstDomain = ({ before }: Subject): string => before?.domains[0]?.domain ?? '';
const isActive = ({ lifecycle }: ServiceOnDisk): boolean => lifecycle === 'active';
const safetyOf = (service: ServiceOnDisk | undefined): number =>
  snapshotNames(service).filter((name) => name.startsWith('safety-')).length;

const create: Operation = { name: 'create', fresh: true, call: order, done: isMade, leaves: true };
const remove: Operation = {
  name: 'delete',
  ready: awake,
  call: (service) => act('/delete-site', service),
  done: isGone,
};

const LIFE: readonly Operation[] = [
  create,
  { ...create, name: 'create from scratch', world: 'scratch' },
  remove,
  {
    name: 'delete while created',
    fresh: true,
    call: order,
    also: (service) => act('/delete-site', service),
    midway: 'container',
    done: isGone,
  },
  { ...remove, name: 'delete and keep', world: 'kept', done: isKept, leaves: false },
  { ...remove, name: 'delete and purge', world: 'purged' },
  {
    name: 'restore',
    world: 'kept',
    ready: kept,
    call: order,
    done: (after, before) =>
      isActive(after) &&
      after.generation === before?.generation &&
      same(snapshotNames(after), snapshotNames(before)),
    leaves: true,
  },
  {
    name: 'suspend',
    ready: awake,
    call: (service) => act('/suspend', service),
    done: ({ lifecycle, suspendedFor }) => lifecycle === 'suspended' && suspendedFor.join() === 'billing',
    leaves: false,
  },
  {
    name: 'unsuspend',
    ready: suspended,
    call: (service) => act('/unsuspend', service),
    done: ({ lifecycle, suspendedFor }) => lifecycle === 'active' && suspendedFor.length === 0,
    leaves: true,
  },
  {
    name: 'upgrade',
    ready: awake,
    call: (service) => act('/wp/upgrade', service, { plan: planName(planNumber(service.before) + 1) }),
    done: (after, before) => planNumber(after) === planNumber(before) + 1,
  },
];

const CUSTOMER: readonly Operation[] = [
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
    call: (service) => act('/action/deldomain', service, { domain: firstDomain(service) }),
    already: ['domain_not_found'],
    done: (after, before) => after.domains.length === (before?.domains.length ?? 0) - 1,
  },
  {
    name: 'set primary',
    ready: withDomain,
    call: (service) => act('/action/setprimary', service, { domain: otherName(service) }),
    done: (after, before, service) =>
      after.primaryDomain === otherName(service) &&
      same(
        after.domains.map(({ domain }) => domain),
        before?.domains.map(({ domain }) => domain) ?? [],
      ),
  },
  {
    name: 'backup',
    ready: withRoomForBackup,
    call: (service) => act('/action/mkbak', service, {}, keyed(service)),
    done: (after, before) => backupsOf(after).length === backupsOf(before).length + 1,
  },
  {
    name: 'delete backup',
    ready: withBackup,
    call: (service) => act('/action/delbak', service, { bak: firstBackup(service) }),
    already: ['backup_not_found'],
    done: (after, before) => backupsOf(after).length === backupsOf(before).length - 1,
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
      same(backupsOf(after), backupsOf(before)) && safetyOf(after) === Math.min(2, safetyOf(before) + 1),
  },
  {
    name: 'start',
    ready: asleep,
    call: (service) => act('/action/start', service),
    done: isActive,
    leaves: true,
  },
  {
    name: 'stop',
    ready: awake,
    call: (service) => act('/action/stop', service),
    done: isActive,
    leaves: false,
  },
  {
    name: 'restart',
    ready: awake,
    call: (service) => act('/action/restart', service),
    done: isActive,
    leaves: true,
  },
  {
    name: 'toggle',
    ready: awake,
    call: (service) => act('/action/toggle', service, {}, keyed(service)),
    done: (after, before) => after.proxyEnabled === !before?.proxyEnabled,
  },
  {
    name: 'password reset',
    ready: awake,
    call: ({ id }) => ({ path: `/services/${id}/credentials/reset`, body: {}, headers: ASYNC }),
    done: (after, before) =>
      typeof after.data['admin_password_at'] === 'string' &&
      after.data['admin_password_at'] !== before?.data['admin_password_at'] &&
      'admin_password' in after.secrets &&
      !('admin_password_next' in after.secrets),
  },
  {
    name: 'change of owner',
    ready: awake,
    call: (service) => ({
      path: `/services/${service.id}`,
      method: 'PATCH',
      body: { email: newOwner(service) },
      headers: ASYNC,
    }),
    done: (after, _before, service) =>
      after.email === newOwner(service) && after.data['owner_email'] === newOwner(service),
  },
];

const newOwner = (service: Subject): string => `n${service.n}-${emailOf(service)}`;

/** The name of the site that is not its primary one. */
function otherName({ before }: Subject): string {
  const domain = before?.domains[0]?.domain ?? '';
  return before?.primaryDomain === before?.fqdn ? domain : (before?.fqdn ?? '');
}

export const OPERATIONS: readonly Operation[] = [...LIFE, ...CUSTOMER, ...UNDONE, ...ZONES];
