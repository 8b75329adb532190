/**
 * The fixed properties of each kind of job. To add a kind, start here; docs/architecture.md lists the other places to
 * change.
 */
import type { ByStanding, JobKindData } from './job-kind-data.js';
import { isTaskKind, type TaskKind } from './task-kind.js';

const customer: ByStanding = {
  creating: 'go',
  active: 'go',
  suspended: 'suspended',
  stuck: 'stuck',
  failed: 'failed',
  held: 'gone',
  terminated: 'gone',
};
const panel: ByStanding = { ...customer, suspended: 'go', stuck: 'go' };
const everAfter: ByStanding = {
  creating: 'alive',
  active: 'alive',
  suspended: 'alive',
  stuck: 'alive',
  failed: 'alive',
  held: 'go',
  terminated: 'gone',
};
const whileItLives: ByStanding = { ...panel, failed: 'go' };

/**
 * Kinds that are treated alike when two jobs of one service conflict. The entry of a group says in which states of the
 * service a request is allowed.
 */
export const GROUPS = {
  // create-site.ts checks orders itself, so this entry is never used to decide about a request
  create: { ...everAfter, held: 'gone' },
  restore: everAfter,
  delete: whileItLives,
  forget: { ...whileItLives, held: 'go' },
  purge: everAfter,
  suspend: panel,
  unsuspend: panel,
  upgrade: { ...panel, stuck: 'stuck' },
  /** Repairs the drift that a comparison found. */
  repair: { ...panel, creating: 'making', stuck: 'stuck' },
  owner: panel,
  power: customer,
  backup: customer,
  // a rollback is allowed while a job is stuck, because a return to a known state resolves many stuck jobs
  rollback: { ...customer, creating: 'making', stuck: 'go' },
  domain: customer,
  /** Runs alongside other jobs; no job waits for it. */
  certificate: { ...customer, suspended: 'go' },
  /** Everything else that a product offers its customers, and all kinds that the agent does not define. */
  other: customer,
} as const satisfies Record<string, ByStanding>;
export type Group = keyof typeof GROUPS;

type KindData<K extends string = string> = JobKindData<K, Group>;

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
} as const satisfies KindData;

/** What the engine needs to know about the tasks of modules. */
const TASK = { ...PLAIN, askedBy: 'agent', course: 'no undo' } as const satisfies KindData;

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
} as const satisfies Record<string, KindData>;

export type JobKind = keyof typeof JOB_KINDS;

/**
 * A kind that a module defines, or a kind in a record that another release wrote. Such a kind is kept unchanged in
 * records, and only `kindData` interprets it.
 */
export type ForeignKind = `module:${string}/${string}:${string}`;
/** The kind of the jobs of a product's own action. */
export function actionKind(product: string, action: string): ForeignKind {
  return `module:product/${product}:${action}`;
}

/** The kinds of the jobs that belong to a module and not to a service. */
export const LIFECYCLE_KINDS = ['activateModule', 'updateModule', 'deactivateModule'] as const;
export type LifecycleKind = (typeof LIFECYCLE_KINDS)[number];

export function isLifecycleKind(name: string): name is LifecycleKind {
  return LIFECYCLE_KINDS.some((kind) => kind === name);
}

/** All kinds that a record may contain. */
export type KindName = JobKind | ForeignKind | LifecycleKind | TaskKind;

/** The kinds whose field `F` has the value `V`. */
type KindsWith<F extends keyof KindData, V> = {
  [K in JobKind]: (typeof JOB_KINDS)[K] extends Readonly<Record<F, V>> ? K : never;
}[JobKind];

export type OrderedKind = KindsWith<'isOrdered', true>;

/** The same table; its type checks that every kind named in an entry exists. */
const KINDS: Readonly<Record<JobKind, KindData<JobKind>>> = JOB_KINDS;

/** The part of the data that the job engine uses. */
export type EngineKind = Pick<KindData, 'firstNeed' | 'course'>;
/**
 * Returns the properties of a kind. The engine gets this function because its own code does not mention any kind by
 * name.
 */
export type EngineKinds = (name: string) => EngineKind;

export function isCoreKind(name: string): name is JobKind {
  return Object.hasOwn(KINDS, name);
}

/** The properties of a kind. A kind that the agent does not define gets the most cautious values. */
export function kindData(name: string): KindData<JobKind> {
  if (isCoreKind(name)) return KINDS[name];
  return isTaskKind(name) ? TASK : PLAIN;
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
