/**
 * The fixed properties of each kind of job. To add a kind, start here; docs/architecture.md lists the other places to
 * change.
 */
import type { Part } from './part.js';

export const GROUPS = [
  'create',
  'restore',
  'delete',
  'forget',
  'purge',
  'suspend',
  'unsuspend',
  'upgrade',
  /** Repairs the drift that a comparison found. */
  'repair',
  'owner',
  'power',
  'backup',
  'rollback',
  'domain',
  /** Runs alongside other jobs; no job waits for it. */
  'certificate',
  /** Everything else that a product offers its customers, and all kinds that the agent does not define. */
  'other',
] as const;
/** Kinds that are treated alike when two jobs of one service conflict. */
export type Group = (typeof GROUPS)[number];

/** @typeParam K the kinds that may be named */
export interface JobKindData<K extends string = string> {
  readonly group: Group;
  /** Who usually requests the job. A `customer` has pressed a button and waits for the result. */
  readonly askedBy: 'customer' | 'panel' | 'operator' | 'agent';
  /** The open jobs that this job ends without undoing them, because it removes everything that they created. */
  readonly supersedes: 'everything' | 'everything but forget' | 'nothing';
  /**
   * A repeated request joins an open job of the same kind, unless a job of one of these kinds was queued later and
   * reverses or replaces its effect. `anything`: every later job counts.
   */
  readonly overtakenBy: readonly K[] | 'anything';
  /**
   * The system that the job's first steps need; null: some of its steps are useful even if no system responds.
   */
  readonly firstNeed: 'container-host' | 'proxy' | null;
  /**
   * `forward only`: the request has already changed the record and cannot be undone. The job must make the actual state
   * match the record; if it fails, an operator must be notified. `removal`: a half-finished removal cannot be reversed,
   * so it is retried as long as a `forward only` job, but is undone if all tries fail.
   */
  readonly course: 'reversible' | 'forward only' | 'removal';
  /** Time limit of one attempt in seconds; null: the default. */
  readonly timeoutS: number | null;
  /**
   * Power state of the container after the job completes; null: it is unchanged, or a step reports it in its result
   * (`running`).
   */
  readonly power: 'running' | 'stopped' | null;
  /** The part of a service that the job needs; null: it needs none, so every service can have such a job. */
  readonly part: Part | null;
  /**
   * Whether the agent has its own flow for the kind. This flow is used if the product has none, or if its module is
   * gone.
   */
  readonly agentCan: boolean;
  /** Whether the job creates (`makes`) or removes (`ends`) the site; null: neither. */
  readonly site: 'makes' | 'ends' | null;
  /** True when panels order this kind automatically and do not read the outcome. A failure then raises an alert. */
  readonly isOrdered: boolean;
}

const POWER = ['start', 'stop', 'restart'] as const;
const ROLLBACKS = ['rollback', 'reset'] as const;
const POWER_CHANGED = [...POWER, 'suspend', 'unsuspend', ...ROLLBACKS, 'restore'] as const;

/** Defaults for a kind that the agent does not define. */
const PLAIN = {
  group: 'other',
  askedBy: 'customer',
  supersedes: 'nothing',
  overtakenBy: 'anything',
  firstNeed: null,
  course: 'reversible',
  timeoutS: null,
  power: null,
  part: null,
  agentCan: false,
  site: null,
  isOrdered: false,
} as const satisfies JobKindData;

const ofPanel = { ...PLAIN, askedBy: 'panel' } as const;
const ofGuest = { ...PLAIN, part: 'guest', firstNeed: 'container-host' } as const;
const power = { ...ofGuest, group: 'power', overtakenBy: POWER_CHANGED } as const;
const backup = { ...ofGuest, group: 'backup', timeoutS: 900 } as const;
const rollback = { ...ofGuest, group: 'rollback', overtakenBy: ROLLBACKS, timeoutS: 3600 } as const;
const domain = { ...PLAIN, part: 'site', group: 'domain' } as const;

/** All kinds that the agent defines, in the order in which docs/operating.md lists them. */
export const JOB_KINDS = {
  create: {
    ...ofPanel,
    group: 'create',
    firstNeed: 'container-host',
    timeoutS: 2400,
    power: 'running',
    site: 'makes',
    isOrdered: true,
  },
  restore: { ...ofPanel, group: 'restore', agentCan: true, site: 'makes', isOrdered: true },
  delete: {
    ...ofPanel,
    group: 'delete',
    supersedes: 'everything but forget',
    timeoutS: 1800,
    power: 'stopped',
    agentCan: true,
    site: 'ends',
  },
  /** Gives up a container that can no longer be reached. */
  forget: {
    ...PLAIN,
    group: 'forget',
    askedBy: 'operator',
    supersedes: 'everything',
    agentCan: true,
    site: 'ends',
  },
  purge: { ...PLAIN, group: 'purge', askedBy: 'agent', timeoutS: 1800, agentCan: true, site: 'ends' },
  suspend: {
    ...ofPanel,
    group: 'suspend',
    overtakenBy: ['unsuspend'],
    course: 'forward only',
    power: 'stopped',
    agentCan: true,
  },
  unsuspend: {
    ...ofPanel,
    group: 'unsuspend',
    overtakenBy: ['suspend'],
    firstNeed: 'container-host',
    agentCan: true,
    isOrdered: true,
  },
  upgrade: {
    ...ofPanel,
    group: 'upgrade',
    overtakenBy: ['upgrade'],
    firstNeed: 'container-host',
    timeoutS: 1200,
    isOrdered: true,
  },
  repair: { ...PLAIN, group: 'repair', askedBy: 'agent' },
  setEmail: { ...ofPanel, group: 'owner', overtakenBy: ['setEmail'], firstNeed: 'container-host' },
  start: { ...power, power: 'running' },
  stop: { ...power, power: 'stopped' },
  restart: { ...power, power: 'running' },
  makeBackup: { ...backup, overtakenBy: ROLLBACKS },
  // no later job reverses a removal, because a backup's name is never used twice
  removeBackup: { ...backup, overtakenBy: [], course: 'removal' },
  rollback,
  reset: rollback,
  addDomain: { ...domain, overtakenBy: ['removeDomain'] },
  removeDomain: { ...domain, overtakenBy: ['addDomain'], course: 'forward only' },
  setPrimary: { ...domain, overtakenBy: ['setPrimary', 'removeDomain'], firstNeed: 'container-host' },
  toggle: { ...domain, overtakenBy: ['toggle'], firstNeed: 'proxy' },
  /**
   * This kind is no longer requested, because certificates are obtained outside of jobs. The kind `certificate` remains
   * in the table for old records.
   */
  certificate: { ...PLAIN, group: 'certificate', askedBy: 'agent' },
  resetPassword: PLAIN,
  loginLink: PLAIN,
} as const satisfies Record<string, JobKindData>;

export type JobKind = keyof typeof JOB_KINDS;

/**
 * A kind that a module defines, or a kind in a record that another release wrote. Records keep it unchanged, and only
 * `kindData` interprets it.
 */
export type ForeignKind = `module:${string}/${string}:${string}`;
/** All kinds that a record may contain. */
export type KindName = JobKind | ForeignKind;

/** The kinds whose field `F` has the value `V`. */
type KindsWith<F extends keyof JobKindData, V> = {
  [K in JobKind]: (typeof JOB_KINDS)[K] extends Readonly<Record<F, V>> ? K : never;
}[JobKind];

export type OrderedKind = KindsWith<'isOrdered', true>;

/** The same table; its type checks that every kind named in an entry exists. */
const KINDS: Readonly<Record<JobKind, JobKindData<JobKind>>> = JOB_KINDS;

/** The part of the data that the job engine uses. */
export type EngineKind = Pick<JobKindData, 'firstNeed' | 'course'>;
/** The engine receives this function, because it knows no kind by name. */
export type EngineKinds = (name: string) => EngineKind;

export function isCoreKind(name: string): name is JobKind {
  return Object.hasOwn(KINDS, name);
}

/** The properties of a kind. A kind that the agent does not define gets the most cautious values. */
export function kindData(name: string): JobKindData<JobKind> {
  return isCoreKind(name) ? KINDS[name] : PLAIN;
}

/** The kinds of a group, in the order of the table. */
export function kindsIn(group: Group): JobKind[] {
  return Object.keys(KINDS)
    .filter(isCoreKind)
    .filter((kind) => KINDS[kind].group === group);
}

export function endsTheSite({ method }: { readonly method: string }): boolean {
  return kindData(method).site === 'ends';
}

export function makesTheSite({ method }: { readonly method: string }): boolean {
  return kindData(method).site === 'makes';
}

export function isOrderedKind(name: string): name is OrderedKind {
  return kindData(name).isOrdered;
}
