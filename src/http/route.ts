/** What every file of routes/ exports: one function that adds one endpoint. */
import type { StatusSources } from '../operations/read-status.js';
import type { Reconciler } from '../operations/reconcile.js';
import type { Allocate } from '../operations/allocate.js';
import type { JobFeed } from '../operations/job-feed.js';
import type { App } from './app-type.js';

export interface Readiness {
  readonly ready: boolean;
  /** What is missing, for the operator's log; never answered. */
  readonly reasons: readonly string[];
}

export interface RouteContext extends StatusSources {
  readonly allocate: Allocate;
  readonly reconcile: Pick<Reconciler, 'ask' | 'repair' | 'remove'>;
  readonly jobFeed: JobFeed;
  readonly ready: () => Readiness | Promise<Readiness>;
  readonly door: 'network' | 'socket';
  /** Aborted when the daemon stops: streams end. */
  readonly stopping: AbortSignal;
}

export type Route = (app: App, context: RouteContext) => void;
