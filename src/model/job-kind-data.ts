/**
 * The properties of a kind of job, and the rules that say in which states of a service a request is allowed.
 * `job-kinds.ts` has the tables.
 */
import type { Part } from './part.js';

export const STANDINGS = [
  'creating',
  'active',
  'suspended',
  'stuck',
  'failed',
  'held',
  'terminated',
] as const;
/**
 * `stuck`: an operator must finish a job. `held`: the service is deleted, and its container is kept until the purge.
 * The other words have the same meaning as in the lifecycle.
 */
export type Standing = (typeof STANDINGS)[number];

/**
 * `go`: the request is allowed. Every other value refuses the request and is a key of `REFUSALS` in
 * `jobs/conflicts.ts`.
 */
export type StandingRule = 'go' | 'suspended' | 'making' | 'stuck' | 'failed' | 'gone' | 'alive';
export type ByStanding = Readonly<Record<Standing, StandingRule>>;

/**
 * @typeParam K the kinds that may be named
 * @typeParam G the groups
 */
export interface JobKindData<K extends string = string, G extends string = string> {
  /** The group decides in which states of the service the job may be requested. */
  readonly group: G;
  /** Who usually requests the job. A `customer` has pressed a button and waits for the result. */
  readonly askedBy: 'customer' | 'panel' | 'operator' | 'agent';
  /** The open jobs that this job ends without undoing them, because it removes everything that they created. */
  readonly supersedes: 'everything' | 'everything but forget' | 'nothing';
  /**
   * A repeated request joins an open job of the same kind, unless a job of one of these kinds was queued after the open
   * job and reverses or replaces its effect. `anything`: any later job prevents the request from joining.
   */
  readonly overtakenBy: readonly K[] | 'anything';
  /**
   * The system that the job's first steps need; null: some of its steps are useful even if no system responds.
   */
  readonly firstNeed: 'container-host' | 'proxy' | null;
  /**
   * `forward only`: the request has already changed the record and cannot be undone. The job must make the actual state
   * match the record; if it fails, an operator must be notified. `removal`: a step that has removed something cannot
   * restore it. The job is therefore retried for as long as a `forward only` job, but if all tries fail, the job is
   * undone. `no undo`: the job fails at once when its tries have failed.
   */
  readonly course: 'reversible' | 'forward only' | 'removal' | 'no undo';
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
   * Whether the agent has its own flow for the kind. This flow is used if the product has no flow for the kind, or if
   * the product's module is no longer installed.
   */
  readonly agentCan: boolean;
  /** Whether the job creates (`makes`) or removes (`ends`) the site; null: neither. */
  readonly site: 'makes' | 'ends' | null;
  /** True when panels order this kind automatically and do not read the outcome. A failure then raises an alert. */
  readonly isOrdered: boolean;
}
