/**
 * Stores the findings of the comparisons, and whether they are confirmed. Findings are kept only in memory, because the
 * comparisons after a start find them again.
 */
import { type Finding, type Part, PARTS } from './drift.js';
import type { Orphan } from './orphans.js';
import { confirmTwice, counts, type Sighted } from './confirm-twice.js';
import type { ServiceKey } from '../model/service.js';
import type { LeftLock, System } from '../model/actual-state.js';

export interface Counted<T> {
  readonly item: T;
  /** The time (epoch ms) of the first comparison that had this finding. */
  readonly since: number;
}

export interface DriftReport {
  /** Epoch ms of the last comparison. */
  readonly at: number;
  readonly findings: readonly Counted<Finding>[];
  readonly orphans: readonly Counted<Orphan>[];
  /** Systems that could not be read and therefore have no new findings. */
  readonly unknown: readonly System[];
  /** Number of services compared, and of those skipped because a job is open or has just ended. */
  readonly compared: number;
  readonly skipped: number;
  /** Number of findings that only one comparison has found so far and that are not confirmed yet. */
  readonly pending: number;
}

export interface LookResult {
  readonly at: number;
  readonly findings: readonly { readonly item: Finding; readonly version: string }[];
  readonly orphans: readonly Orphan[];
  readonly unknown: readonly System[];
  /** Services whose account on a server could not be read. Findings about these accounts are kept. */
  readonly unread?: ReadonlySet<ServiceKey>;
  readonly compared: number;
  readonly skipped: number;
}

export interface DriftStore {
  enter(look: LookResult): DriftReport;
  report(): DriftReport | undefined;
  /** The confirmed findings for one service. The same array is returned until the findings change. */
  of(key: ServiceKey): readonly Counted<Finding>[];
  /** Descriptions of containers that have the agent's mark but whose service has no record. */
  strangers(): readonly string[];
  /** Number of services with drift, by part. */
  counts(): readonly { readonly kind: Part; readonly services: number }[];
  /** The confirmed locks that ended tasks have left behind, with the service of each container. */
  leftLocks(): readonly { readonly key: ServiceKey; readonly leftLock: LeftLock }[];
}

const NONE: readonly Counted<Finding>[] = Object.freeze([]);

export const SYSTEM_OF: Readonly<Record<Part, System | null>> = {
  container: 'containers',
  mark: 'containers',
  lock: 'containers',
  power: 'containers',
  resources: 'containers',
  ha: 'ha',
  ha_error: 'containers',
  dns: 'dns',
  proxy: 'proxy',
  certificate: 'certificates',
  // accounts are inspected one by one, see `unread`
  account: null,
};
const SYSTEM_OF_ORPHAN: Readonly<Record<Orphan['kind'], System>> = {
  container: 'containers',
  ha: 'ha',
  dns: 'dns',
  proxy: 'proxy',
};

/** @param apartMs minimum time between two comparisons that confirm a finding, in milliseconds */
export function driftStore(apartMs: number): DriftStore {
  let findings = new Map<string, Sighted<Finding>>();
  let orphans = new Map<string, Sighted<Orphan>>();
  let byService: ReadonlyMap<ServiceKey, readonly Counted<Finding>[]> = new Map();
  let report: DriftReport | undefined;

  const counted = <T>(all: ReadonlyMap<string, Sighted<T>>): Counted<T>[] =>
    [...all.values()]
      .filter((one) => counts(one, apartMs))
      .map(({ item, firstSeen }) => ({ item, since: firstSeen }));

  return {
    enter({ at, unknown, unread, compared, skipped, ...seen }) {
      const isUnknown = ({ part, key }: Finding): boolean => {
        const system = SYSTEM_OF[part];
        return system === null ? unread?.has(key) === true : unknown.includes(system);
      };
      findings = confirmTwice(findings, {
        at,
        items: seen.findings,
        isUnknown,
      });
      orphans = confirmTwice(orphans, {
        at,
        items: seen.orphans.map((item) => ({ item, version: item.doubt ?? '' })),
        isUnknown: ({ kind }) => unknown.includes(SYSTEM_OF_ORPHAN[kind]),
      });
      const [found, left] = [counted(findings), counted(orphans)];
      byService = grouped(found, byService);
      const pending = findings.size + orphans.size - found.length - left.length;
      report = { at, findings: found, orphans: left, unknown, compared, skipped, pending };
      return report;
    },
    report: () => report,
    of: (key) => byService.get(key) ?? NONE,
    strangers: () =>
      (report?.orphans ?? [])
        .filter(({ item }) => item.kind === 'container' && item.why === 'unknown')
        .map(({ item: { what, mark } }) => `${what} (${mark.panel}/${mark.service})`),
    counts: () =>
      PARTS.map((kind) => {
        const keys = report?.findings.filter(({ item }) => item.part === kind).map(({ item }) => item.key);
        return { kind, services: new Set(keys).size };
      }),
    leftLocks: () =>
      (report?.findings ?? []).flatMap(({ item: { key, leftLock } }) =>
        leftLock === undefined ? [] : [{ key, leftLock }],
      ),
  };
}

/**
 * Groups the confirmed findings by service. If the findings of a service are unchanged, the former array is kept, so
 * that responses that were cached for it stay valid.
 */
function grouped(
  found: readonly Counted<Finding>[],
  before: ReadonlyMap<ServiceKey, readonly Counted<Finding>[]>,
): ReadonlyMap<ServiceKey, readonly Counted<Finding>[]> {
  const groups = new Map<ServiceKey, Counted<Finding>[]>();
  for (const one of found) groups.set(one.item.key, [...(groups.get(one.item.key) ?? []), one]);
  return new Map(
    [...groups].map(([key, fresh]) => {
      const old = before.get(key);
      const same = old?.length === fresh.length && old.every(({ item }, n) => item.id === fresh[n]?.item.id);
      return [key, same ? old : fresh];
    }),
  );
}
