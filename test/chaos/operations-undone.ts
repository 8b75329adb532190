/**
 * Operations that are undone: because a system refuses permanently, because they are cancelled, or manually after the
 * undo failed too.
 */
import type { Fault } from '../../src/sandbox/environment.js';
import {
  act,
  ASYNC,
  backupsOf,
  domainOf,
  isGone,
  isKept,
  isMade,
  isUnmade,
  type Operation,
  order,
  same,
  snapshotNames,
  type Subject,
} from './operation.js';
import { jobOf } from './panel.js';
import type { ServiceOnDisk } from './picture.js';
import { awake, kept, stuck, suspended, withRoomForBackup, withRoomForDomain } from './ready.js';
import { type Answer, type Call, planName } from './harness.js';

/** Refuses this request permanently; after a refusal of the agent itself (403) the job would wait. */
const refusing = (method: string, path: string): Fault => ({
  target: 'pve',
  method,
  path,
  kind: { status: 400, reason: 'Parameter verification failed.' },
});

const namesOf = (service: ServiceOnDisk | undefined): string[] =>
  service?.domains.map(({ domain }) => domain) ?? [];

const cancel = (_: Subject, first: Answer): Call => ({
  path: `/jobs/${jobOf(first) ?? 'none'}/cancel`,
  body: {},
  headers: ASYNC,
});

/** Longer than a daemon takes to restart. */
const SLOW_MS = 6_000;

const finish =
  (what: string, body: object = {}) =>
  ({ before }: Subject): Call => ({
    path: `/jobs/${before?.jobs.find(({ status }) => status === 'stuck')?.id ?? 'none'}/${what}`,
    body: { ...body },
    headers: ASYNC,
  });

export const UNDONE: readonly Operation[] = [
  {
    name: 'create, undone',
    fresh: true,
    call: order,
    alone: true,
    fault: { target: 'exec', path: 'wordpress/configure', kind: { status: 1, reason: 'E: no such package' } },
    fails: 'failed',
    done: isUnmade,
  },
  {
    name: 'create, cancelled',
    fresh: true,
    call: order,
    also: cancel,
    midway: 'container',
    already: ['job_ended', 'job_irrevocable'],
    fails: 'cancelled',
    // it may have completed before it could be cancelled
    done: (after) => isUnmade(after) || isMade(after),
    leaves: 'any',
  },
  {
    // a sent request is still being processed after the restart, and the deletion must consider it
    name: 'delete while slowly created',
    fresh: true,
    call: order,
    also: (service) => act('/delete-site', service),
    midway: 'allocate',
    alone: true,
    fault: { target: 'pve', method: 'POST', path: '/(lxc|clone)$', kind: { taskMs: SLOW_MS } },
    only: /^(wire POST|guest\.ensureContainer|services rename after)/,
    done: isGone,
  },
  {
    name: 'restore, undone',
    world: 'kept',
    ready: kept,
    call: order,
    alone: true,
    fault: refusing('POST', 'status/start'),
    fails: 'failed',
    done: (after, before) => isKept(after) && same(snapshotNames(after), snapshotNames(before)),
    leaves: false,
  },
  {
    name: 'unsuspend, undone',
    ready: suspended,
    call: (service) => act('/unsuspend', service),
    alone: true,
    fault: refusing('POST', 'status/start'),
    fails: 'failed',
    done: ({ lifecycle, suspendedFor }) => lifecycle === 'suspended' && suspendedFor.join() === 'billing',
    leaves: false,
  },
  {
    name: 'upgrade, undone',
    ready: awake,
    call: (service) =>
      act('/wp/upgrade', service, { plan: planName(Number(service.before?.plan.name.slice(1) ?? 0) + 1) }),
    alone: true,
    fault: refusing('PUT', '/resize'),
    fails: 'failed',
    done: (after, before) => after.plan.name === before?.plan.name,
  },
  {
    name: 'domain add, cancelled',
    ready: withRoomForDomain,
    call: (service) => act('/action/setdomain', service, { domain: domainOf(service) }),
    also: cancel,
    midway: 'proxy',
    already: ['job_ended', 'job_irrevocable', 'domain_exists'],
    fails: 'cancelled',
    done: (after, before, service) =>
      same(namesOf(after), namesOf(before)) || same(namesOf(after), [...namesOf(before), domainOf(service)]),
  },
  {
    name: 'backup, undone',
    ready: withRoomForBackup,
    call: (service) => act('/action/mkbak', service),
    alone: true,
    fault: refusing('POST', '/snapshot'),
    fails: 'failed',
    done: (after, before) => same(backupsOf(after), backupsOf(before)),
  },
  {
    name: 'stuck, retried',
    fresh: true,
    alone: true,
    ready: stuck,
    call: finish('retry'),
    already: ['job_ended'],
    fails: 'failed',
    done: isUnmade,
    leaves: false,
  },
  {
    name: 'stuck, one step skipped',
    fresh: true,
    alone: true,
    ready: stuck,
    call: finish('skip-step', { step: 'container' }),
    also: (service) => act('/delete-site', service),
    already: ['job_not_stuck'],
    done: isGone,
    leaves: false,
  },
  {
    name: 'stuck, abandoned and deleted',
    fresh: true,
    alone: true,
    ready: stuck,
    call: finish('abandon'),
    also: (service) => act('/delete-site', service),
    already: ['job_not_stuck'],
    done: isGone,
    leaves: false,
  },
];
