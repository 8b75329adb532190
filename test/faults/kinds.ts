/** What can go wrong with a call, by the kind of call. `passing` ones must be overcome, the others undone at once or told. */
import type { Fault } from '../../src/sandbox/world.js';
import type { CallSite } from './call-sites.js';

export interface FaultKind {
  readonly name: string;
  readonly kind: Fault['kind'];
  /** How often it strikes; absent: until it is lifted. */
  readonly times?: number;
}

const once = (name: string, kind: Fault['kind'], times = 1): FaultKind => ({ name, kind, times });
const lasting = (name: string, kind: Fault['kind']): FaultKind => ({ name, kind });

/** Longer than the drivers' deadlines on the stage. */
const LATE_MS = 4_500;

const WIRE: readonly FaultKind[] = [
  once('refused twice', { down: true }, 2),
  once('timeout', { delayMs: LATE_MS }),
  once('cut in the middle', { cut: true }),
  once('slow drip', { dripMs: 4 }),
  once('drip past the deadline', { dripMs: 200 }),
];

const PVE: readonly FaultKind[] = [
  ...WIRE,
  lasting('401', { status: 401, reason: 'invalid token value!' }),
  lasting('403', { status: 403, reason: 'Permission check failed (/vms/101, VM.Audit)' }),
  lasting('500 own words', { status: 500, reason: 'storage is not online' }),
  once(
    '500 lock',
    { status: 500, reason: "can't lock file '/run/lock/lxc/pve-config-101.lock' - got timeout" },
    2,
  ),
  once(
    '595',
    { status: 595, reason: 'Errors during connection establishment, proxy handshake: Connection refused' },
    2,
  ),
  once('596', { status: 596, reason: 'Connection timed out' }),
];

const CHANGE: readonly FaultKind[] = [
  once('596 after delivery', { status: 596, reason: 'Connection timed out', after: true }),
  once('dropped after delivery', { drop: 'after' }),
  once('lie', { lie: true }),
];

const TASK: readonly FaultKind[] = [
  once('task: unexpected status, not done', { taskError: 'unexpected status' }),
  once('task: unexpected status, done', { taskError: 'unexpected status', after: true }),
  once('task: WARNINGS: 1', { taskError: 'WARNINGS: 1', after: true }),
  once('task: lock', { taskError: 'CT is locked (backup)' }, 2),
  lasting('task: fails', { taskError: 'command failed: exit code 5' }),
];

const DNS: readonly FaultKind[] = [
  ...WIRE,
  lasting('401', { status: 401, reason: 'Unauthorized' }),
  once('500', { status: 500, reason: 'database is locked' }),
  once('503', { status: 503, reason: 'Service Unavailable' }, 2),
  lasting('422', { status: 422, reason: 'RRset has a conflict' }),
];
const DNS_CHANGE: readonly FaultKind[] = [
  once('lie', { lie: true }),
  once('dropped after delivery', { drop: 'after' }),
  once('500 after delivery', { status: 500, after: true }),
];

const TEST: readonly FaultKind[] = [
  once('nginx -t fails once', { taskError: 'unknown directive' }),
  lasting('nginx -t fails', { taskError: 'unknown directive' }),
];
const RELOAD: readonly FaultKind[] = [
  once('reload fails', { taskError: 'signal process started' }),
  once('nginx is not running', { down: true }, 2),
  once('reload is lost', { lie: true }),
];

const EXEC: readonly FaultKind[] = [
  once('refused twice', { down: true }, 2),
  once('dropped before', { drop: 'before' }),
  once('dropped after', { drop: 'after' }),
  once('lock', { lock: 'backup' }),
  lasting('fails', { taskError: 'E: broken' }),
];

export function kindsFor(site: CallSite): readonly FaultKind[] {
  const changes = site.method !== 'GET';
  if (site.target === 'pve') return [...PVE, ...(changes ? CHANGE : []), ...(site.task ? TASK : [])];
  if (site.target === 'dns') return [...DNS, ...(changes ? DNS_CHANGE : [])];
  if (site.target === 'exec') return EXEC;
  return site.method === 'TEST' ? TEST : RELOAD;
}
