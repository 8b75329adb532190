/**
 * What is known of each kind of job before it runs. A new kind starts here; docs/architecture.md has the list of
 * places that follow.
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
  /** What the look for drift has found to differ. */
  'repair',
  'owner',
  'power',
  'backup',
  'rollback',
  'domain',
  /** Runs beside the others: nothing waits for it. */
  'certificate',
  /** Whatever else a product offers its customers, and every kind that is not ours. */
  'other',
] as const;
/** Kinds that behave alike when two jobs meet on one service. */
export type Group = (typeof GROUPS)[number];

/** @typeParam K the kinds that may be named */
export interface JobKindData<K extends string = string> {
  readonly group: Group;
  /** Who asks for it as a rule. Somebody waits at a button for what a `customer` asks. */
  readonly askedBy: 'customer' | 'panel' | 'operator' | 'agent';
  /** Which open jobs it ends as they stand, because it removes whatever there is. */
  readonly supersedes: 'everything' | 'everything but forget' | 'nothing';
  /**
   * A request for the same joins an open job, unless one of these waits behind that job and takes back or overtakes
   * what it does. `anything`: whatever waits behind it does.
   */
  readonly overtakenBy: readonly K[] | 'anything';
  /**
   * The system without which a job that has not begun can do nothing; null: it has steps that make sense all the
   * same.
   */
  readonly firstNeed: 'container-host' | 'proxy' | null;
  /**
   * `forward only`: the request has changed the record already and there is no way back; what the record says must
   * become true, or a person must see that it is not. `removal`: what it has half taken away cannot be put back, so
   * it is tried as long, and then turns back all the same.
   */
  readonly course: 'reversible' | 'forward only' | 'removal';
  /** Seconds of one attempt; null: the default. */
  readonly timeoutS: number | null;
  /** What it leaves the container as when it completes; null: a step's result tells (`running`), or it is as it was. */
  readonly power: 'running' | 'stopped' | null;
  /** The part that it is about: a service without that part cannot have it; null: every service can. */
  readonly part: Part | null;
  /** Whether there is a site after it, or none. */
  readonly site: 'makes' | 'ends' | null;
  /** A panel orders it of its own accord, without reading how it ends: a failure is told to a person. */
  readonly isOrdered: boolean;
}

const POWER = ['start', 'stop', 'restart'] as const;
const ROLLBACKS = ['rollback', 'reset'] as const;
const POWER_CHANGED = [...POWER, 'suspend', 'unsuspend', ...ROLLBACKS, 'restore'] as const;

/** What holds for a kind that is not ours. */
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
  site: null,
  isOrdered: false,
} as const satisfies JobKindData;

const ofPanel = { ...PLAIN, askedBy: 'panel' } as const;
const ofGuest = { ...PLAIN, part: 'guest', firstNeed: 'container-host' } as const;
const power = { ...ofGuest, group: 'power', overtakenBy: POWER_CHANGED } as const;
const backup = { ...ofGuest, group: 'backup', timeoutS: 900 } as const;
const rollback = { ...ofGuest, group: 'rollback', overtakenBy: ROLLBACKS, timeoutS: 3600 } as const;
const domain = { ...PLAIN, part: 'site', group: 'domain' } as const;

/** All kinds that the agent itself knows; in this order docs/operating.md shows them. */
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
  restore: { ...ofPanel, group: 'restore', site: 'makes', isOrdered: true },
  delete: {
    ...ofPanel,
    group: 'delete',
    supersedes: 'everything but forget',
    timeoutS: 1800,
    power: 'stopped',
    site: 'ends',
  },
  /** A container that cannot be reached any more is let go. */
  forget: { ...PLAIN, group: 'forget', askedBy: 'operator', supersedes: 'everything', site: 'ends' },
  purge: { ...PLAIN, group: 'purge', askedBy: 'agent', timeoutS: 1800, site: 'ends' },
  suspend: {
    ...ofPanel,
    group: 'suspend',
    overtakenBy: ['unsuspend'],
    course: 'forward only',
    power: 'stopped',
  },
  unsuspend: {
    ...ofPanel,
    group: 'unsuspend',
    overtakenBy: ['suspend'],
    firstNeed: 'container-host',
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
  // a name is never given out twice
  removeBackup: { ...backup, overtakenBy: [], course: 'removal' },
  rollback,
  reset: rollback,
  addDomain: { ...domain, overtakenBy: ['removeDomain'] },
  removeDomain: { ...domain, overtakenBy: ['addDomain'], course: 'forward only' },
  setPrimary: { ...domain, overtakenBy: ['setPrimary', 'removeDomain'], firstNeed: 'container-host' },
  toggle: { ...domain, overtakenBy: ['toggle'], firstNeed: 'proxy' },
  /** Nothing asks for it: certificates are obtained outside of jobs. Its place in the tables is kept. */
  certificate: { ...PLAIN, group: 'certificate', askedBy: 'agent' },
  resetPassword: PLAIN,
  loginLink: PLAIN,
} as const satisfies Record<string, JobKindData>;

export type JobKind = keyof typeof JOB_KINDS;

/**
 * A module's own kind. The type stands, too, for a word that another release has written into a record: such a word
 * is kept as it is, and only `kindData` looks it up.
 */
export type ForeignKind = `module:${string}/${string}:${string}`;
/** What a record may name. */
export type KindName = JobKind | ForeignKind;

/** The kinds of which this field says so. */
type KindsWith<F extends keyof JobKindData, V> = {
  [K in JobKind]: (typeof JOB_KINDS)[K] extends Readonly<Record<F, V>> ? K : never;
}[JobKind];

export type OrderedKind = KindsWith<'isOrdered', true>;

/** The same table, with every kind that an entry names checked. */
const KINDS: Readonly<Record<JobKind, JobKindData<JobKind>>> = JOB_KINDS;

/** What the job engine itself goes by. */
export type EngineKind = Pick<JobKindData, 'firstNeed' | 'course'>;
/** Handed to the engine, which knows no kind by name. */
export type EngineKinds = (name: string) => EngineKind;

export function isCoreKind(name: string): name is JobKind {
  return Object.hasOwn(KINDS, name);
}

/** For a kind that is not ours: what makes least of it. */
export function kindData(name: string): JobKindData<JobKind> {
  return isCoreKind(name) ? KINDS[name] : PLAIN;
}

/** In the order of the table; of `other` those that have a group of their own nowhere. */
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
