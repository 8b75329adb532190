/** All metrics of `GET /metrics`, and the listeners that count events. */
import type { Service } from '../model/service.js';
import type { CallEnd } from '../drivers/shared/instrument.js';
import type { StepEnd } from '../jobs/engine/step-logger.js';
import type { FileOperationEnd } from '../state/contract.js';
import { stateMetrics } from './state-metrics.js';
import { countJobs } from './jobs.js';
import { makeCounted, makeRegistry, type Sample, summed } from './registry.js';
import type { Sources } from './sources.js';

export interface Answered {
  readonly method: string;
  /** The pattern of the route, never the path of the request; undefined if no route matches. */
  readonly route: string | undefined;
  readonly status: number;
  readonly ms: number;
  /** Milliseconds for which the request occupied the main thread. */
  readonly mainThreadMs: number;
}

export interface ModuleRunEnd {
  /** `product/shop` */
  readonly module: string;
  readonly name: string;
  readonly seconds: number;
  readonly failed: boolean;
}

export interface Metrics {
  readonly serviceChanged: (next: Service, previous: Service | undefined) => void;
  readonly stepEnded: (end: StepEnd) => void;
  readonly driverCalled: (end: CallEnd) => void;
  readonly answered: (end: Answered) => void;
  readonly fileOperation: (end: FileOperationEnd) => void;
  /** A part of a module's code that the module measures. */
  readonly moduleRan: (run: ModuleRunEnd) => void;
  /** Registers the metrics that are read on demand. Called once, when all parts are started. */
  lookUp(sources: Sources): void;
  /** Prometheus text, version 0.0.4. */
  text(): Promise<string>;
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export function makeMetrics(): Metrics {
  const registry = makeRegistry();
  const counted = makeCounted(registry);
  const mainThreadMs = new Map<string, number>();
  summed(
    registry,
    'http_main_thread_seconds',
    'Time that the main thread spent on requests.',
    ['route'],
    () => [...mainThreadMs].map(([route, ms]): Sample => [{ route }, ms / 1000]),
  );
  return {
    serviceChanged: (next, previous) => countJobs(counted, next, previous),
    stepEnded({ method, step, outcome, ms }) {
      counted.steps.inc({ method, step, result: outcome });
      counted.stepSeconds.observe({ method, step }, ms / 1000);
    },
    driverCalled({ driver, call, result, ms }) {
      counted.driverCalls.inc({ driver, call, result });
      counted.driverSeconds.observe({ driver, call }, ms / 1000);
    },
    answered({ method, route = 'none', status, ms, mainThreadMs: spent }) {
      const known = METHODS.has(method) ? method : 'other';
      counted.requests.inc({ method: known, route, status: String(status) });
      counted.requestSeconds.observe({ method: known, route }, ms / 1000);
      mainThreadMs.set(route, (mainThreadMs.get(route) ?? 0) + spent);
    },
    fileOperation({ operation, ms, code }) {
      if (code === undefined) counted.writeSeconds.observe({ operation }, ms / 1000);
      else counted.writeErrors.inc({ operation, code });
    },
    moduleRan({ module, name, seconds, failed }) {
      counted.moduleRuns.observe({ module, name, result: failed ? 'failed' : 'done' }, seconds);
    },
    lookUp: (sources) => stateMetrics(registry, sources),
    text: () => registry.metrics(),
  };
}
