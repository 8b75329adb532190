/**
 * What can go wrong with a call, by the kind of call, and how it must end: what passes is overcome, what does not is
 * given up at once and told.
 */
import type { Fault } from '../../src/sandbox/environment.js';
import type { CallSite } from './call-sites.js';

/**
 * `overcome`: the operation does what it promised; `given up`: it does not, without waiting; `either`: a call that
 * the operation may do without.
 */
export type Expected = 'overcome' | 'given up' | 'either';

export interface FaultKind {
  readonly name: string;
  /** `clockJumpMs`: when the call is made, the wall clock of the daemon's host is set so far ahead, or back. */
  readonly kind: Fault['kind'] | { readonly clockJumpMs: number };
  /** From the call on it meets every call to this system. */
  readonly onward?: true;
  /** How often it strikes; absent: until it is lifted. */
  readonly times?: number;
  readonly expected: Expected;
}

const passing = (name: string, kind: FaultKind['kind'], times = 1): FaultKind => ({
  name,
  kind,
  times,
  expected: 'overcome',
});
/** A system that is down until somebody lifts it. */
const dead = (name: string, kind: FaultKind['kind']): FaultKind => ({ name, kind, expected: 'overcome' });
const permanent = (name: string, kind: FaultKind['kind']): FaultKind => ({
  name,
  kind,
  expected: 'given up',
});

/** Longer than the drivers' deadlines on the stage. */
const LATE_MS = 4_500;

const WIRE: readonly FaultKind[] = [
  passing('refused twice', { down: true }, 2),
  dead('dead', { down: true }),
  passing('timeout', { delayMs: LATE_MS }),
  passing('cut in the middle', { cut: true }),
  passing('slow drip', { dripMs: 4 }),
  passing('drip past the deadline', { dripMs: 200 }),
];

const PVE: readonly FaultKind[] = [
  ...WIRE,
  // the operator's to put right: whoever needs it waits
  dead('401', { status: 401, reason: 'invalid token value!' }),
  dead('403', { status: 403, reason: 'Permission check failed (/vms/101, VM.Audit)' }),
  { ...dead('refused token', { denied: true }), onward: true },
  dead('log-in page', { status: 200, reason: 'Log in', page: true }),
  dead('redirect', { status: 302, reason: 'Found' }),
  // nobody knows them: tried again
  dead('500 own words', { status: 500, reason: 'words never seen before' }),
  permanent('400', { status: 400, reason: 'Parameter verification failed.', errors: { x: 'is wrong' } }),
  permanent('500 gone', {
    status: 500,
    reason: "Configuration file 'nodes/pve1/lxc/1000.conf' does not exist",
  }),
  passing(
    '500 gone once',
    { status: 500, reason: "Configuration file 'nodes/pve1/lxc/1000.conf' does not exist" },
    1,
  ),
  passing(
    '500 lock',
    { status: 500, reason: "can't lock file '/run/lock/lxc/pve-config-101.lock' - got timeout" },
    2,
  ),
  passing(
    '500 cluster lock',
    { status: 500, reason: "cfs-lock 'storage-local' error: got lock request timeout" },
    2,
  ),
  passing('500 no quorum', { status: 500, reason: 'cluster not ready - no quorum?' }, 2),
  passing(
    '595',
    { status: 595, reason: 'Errors during connection establishment, proxy handshake: Connection refused' },
    2,
  ),
  passing('596', { status: 596, reason: 'Connection timed out' }),
  passing('502 of a gateway', { status: 502, reason: 'Bad Gateway' }),
];

const CHANGE: readonly FaultKind[] = [
  passing('596 after delivery', { status: 596, reason: 'Connection timed out', after: true }),
  passing('dropped after delivery', { drop: 'after' }),
  passing('lie', { lie: true }),
  passing('200 with nothing', { status: 200, reason: 'OK' }),
];

const TASK: readonly FaultKind[] = [
  passing('task: unexpected status, not done', { taskError: 'unexpected status' }),
  passing('task: unexpected status, done', { taskError: 'unexpected status', after: true }),
  passing('task: WARNINGS: 1', { taskError: 'WARNINGS: 1', after: true }),
  passing('task: lock', { taskError: 'CT is locked (backup)' }, 2),
  passing('task: busy', { taskError: "zfs error: cannot destroy 'tank/x': dataset is busy" }, 2),
  dead('task: fails', { taskError: 'command failed: exit code 5' }),
];

/** A person who reads the log unlocks it. The lock is one that this kind of call leaves when it is killed. */
const leftLock = (lock: string): FaultKind => passing('lock left behind', { leftLock: lock });
/** As Proxmox's multi-mount protection makes a start: longer than the stage's proxy and driver wait for one answer. */
const MOUNT_CHECK = passing('596 while starting', { mountCheckMs: 2_500 });
const NO_EFFECT: readonly FaultKind[] = [
  passing('OK without effect', { noEffect: true }),
  dead('OK without effect, always', { noEffect: true }),
];
const LIST: readonly FaultKind[] = [
  passing('flapping list', { outdated: true }, 3),
  dead('outdated list', { outdated: true }),
];
const DAY_MS = 86_400_000;
const CLOCK: readonly FaultKind[] = [
  dead('clock jumps 400 days ahead', { clockJumpMs: 400 * DAY_MS }),
  dead('clock jumps a day back', { clockJumpMs: -DAY_MS }),
];

const DNS: readonly FaultKind[] = [
  ...WIRE,
  dead('401', { status: 401, reason: 'Unauthorized' }),
  dead('403', { status: 403, reason: 'Forbidden' }),
  dead('log-in page', { status: 200, reason: 'Log in', page: true }),
  dead('redirect', { status: 302, reason: 'Found' }),
  passing('500', { status: 500, reason: 'database is locked' }),
  passing('503', { status: 503, reason: 'Service Unavailable' }, 2),
  permanent('422', { status: 422, reason: 'RRset has a conflict' }),
];
const DNS_CHANGE: readonly FaultKind[] = [
  passing('lie', { lie: true }),
  passing('dropped after delivery', { drop: 'after' }),
  passing('500 after delivery', { status: 500, after: true }),
];

/** Only a complaint that is repeated about the same change is a verdict on it. */
const TEST: readonly FaultKind[] = [
  passing('nginx -t fails once', { taskError: 'no space left on device' }, 1),
  dead('nginx -t fails', { taskError: 'unknown directive' }),
  dead('command denied', { denied: true }),
  passing('slow', { delayMs: LATE_MS }),
];
const RELOAD: readonly FaultKind[] = [
  passing('reload fails', { taskError: 'signal process started' }),
  passing('nginx is not running', { down: true }, 2),
  dead('dead', { down: true }),
  dead('command denied', { denied: true }),
  passing('reload is lost', { lie: true }),
  passing('slow', { delayMs: LATE_MS }),
];

/** A site that is in order but for a script may come up without it. */
const EXEC: readonly FaultKind[] = [
  passing('refused twice', { down: true }, 2),
  dead('dead', { down: true }),
  passing('dropped before', { drop: 'before' }),
  passing('dropped after', { drop: 'after' }),
  // pct ends without a word, and without the script's end
  passing('killed', { taskError: ' ' }),
  passing('lock', { lock: 'backup' }, 2),
  passing('cut in the middle', { cut: true }),
  passing('slow', { delayMs: LATE_MS }),
  dead('refused key', { denied: true }),
  dead('fails', { taskError: 'E: broken' }),
];

/** A new site may need a while: all of it is looked at again, for as long as the site's patience lasts. */
const WEB: readonly FaultKind[] = [
  passing('refused twice', { down: true }, 2),
  passing('slow', { delayMs: LATE_MS }),
  passing('cut in the middle', { cut: true }),
  passing('slow drip', { dripMs: 4 }),
  passing('502', { status: 502 }, 3),
  passing('500', { status: 500 }),
  passing('404', { status: 404 }),
  passing("somebody else's page", { lie: true }, 3),
];

/** The customer is told at once, and asks again. */
const LOOKUP: readonly FaultKind[] = [
  passing('silent once', { down: true }),
  { ...permanent('dead', { down: true }), expected: 'given up' },
  passing('cut in the middle', { cut: true }),
  passing('slow', { delayMs: 500 }),
  { ...permanent('SERVFAIL', { status: 500 }), expected: 'given up' },
  { ...permanent('lie', { lie: true }), expected: 'given up' },
];

/**
 * A host that does not report how a task ends, or not to us, is no verdict on it: the task may run on, and what
 * it does is looked at.
 */
const ofTask = (kind: FaultKind): FaultKind =>
  'status' in kind.kind ? { ...kind, expected: 'overcome' } : either(kind);
export const either = (kind: FaultKind): FaultKind =>
  kind.expected === 'given up' ? { ...kind, expected: 'either' } : kind;

/** The calls that Proxmox refuses while the container holds a lock. */
const LOCKABLE: readonly (readonly [RegExp, lock: string])[] = [
  [/^POST .*\/snapshot\/S\/rollback$/, 'rollback'],
  [/^POST .*\/lxc\/ID\/snapshot$/, 'snapshot'],
  [/^DELETE .*\/snapshot\/S$/, 'snapshot-delete'],
  [
    /^POST .*\/lxc\/ID\/(?:clone|status\/\w+)$|^PUT .*\/lxc\/ID\/(?:config|resize)$|^DELETE .*\/lxc\/ID$/,
    'disk',
  ],
];

/** What only this call, or only a few, can meet. */
function ownKinds({ name, target }: CallSite): readonly FaultKind[] {
  const [, lock] = LOCKABLE.find(([pattern]) => pattern.test(name)) ?? [];
  return [
    ...(lock === undefined ? [] : [leftLock(lock)]),
    ...(/^POST .*\/status\/(?:start|reboot)$/.test(name) ? [MOUNT_CHECK] : []),
    ...(/^PUT .*\/resize$/.test(name) ? NO_EFFECT : []),
    ...(name === 'GET /cluster/resources' ? LIST : []),
    ...(target === 'exec' || (target === 'pve' && !name.startsWith('GET ')) ? CLOCK : []),
  ];
}

export function kindsFor(site: CallSite): readonly FaultKind[] {
  return [...generalKinds(site), ...ownKinds(site)];
}

function generalKinds(site: CallSite): readonly FaultKind[] {
  const changes = site.method !== 'GET';
  switch (site.target) {
    case 'pve':
      return changes
        ? [...PVE, ...CHANGE, ...(site.task ? TASK : [])]
        : site.path.includes('/tasks/')
          ? PVE.map(ofTask)
          : // the shared look goes on beside the operation, which may have all it needs
            PVE.map(either);
    case 'dns':
      return [...DNS, ...(changes ? DNS_CHANGE : [])];
    case 'exec':
      return EXEC;
    case 'web':
      return WEB;
    case 'lookup':
      return LOOKUP;
    case 'proxy':
      return site.method === 'TEST' ? TEST : RELOAD;
  }
}
