/**
 * The registry of all metrics. Some metrics are counted when an event happens, others are read when they are requested.
 * Labels contain only fixed words, never an ID or a path.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Gauges whose names end in `_total`, which is reserved for counters. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

const SHORT_S = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20];
const STEP_S = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
const JOB_S = [0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 21_600];
const WRITE_S = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

/** Includes the metrics of the process: memory, CPU time, event loop, garbage collection. */
export function makeRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  return registry;
}

export interface Counted {
  readonly operations: Counter<'method' | 'result'>;
  readonly jobSeconds: Histogram<'method'>;
  readonly waitSeconds: Histogram<'interactive'>;
  readonly retries: Counter<'method' | 'code'>;
  readonly crashes: Counter<'method'>;
  readonly undos: Counter<'method'>;
  readonly steps: Counter<'method' | 'step' | 'result'>;
  readonly stepSeconds: Histogram<'method' | 'step'>;
  readonly driverCalls: Counter<'driver' | 'call' | 'result'>;
  readonly driverSeconds: Histogram<'driver' | 'call'>;
  readonly requests: Counter<'method' | 'route' | 'status'>;
  readonly requestSeconds: Histogram<'method' | 'route'>;
  readonly writeSeconds: Histogram<'operation'>;
  readonly moduleRuns: Histogram<'module' | 'name' | 'result'>;
  readonly writeErrors: Counter<'operation' | 'code'>;
}

/** The metrics that are counted as events happen. */
export function makeCounted(registry: Registry): Counted {
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]): Counter<L> =>
    new Counter({ name: `innkeeper_${name}_total`, help, labelNames, registers });
  const seconds = <L extends string>(
    name: string,
    help: string,
    buckets: number[],
    ...labelNames: L[]
  ): Histogram<L> =>
    new Histogram({ name: `innkeeper_${name}_duration_seconds`, help, labelNames, buckets, registers });
  return {
    operations: counter('operations', 'Finished jobs by result.', 'method', 'result'),
    jobSeconds: seconds('job', 'Time from request to end of the job.', JOB_S, 'method'),
    waitSeconds: seconds('job_wait', 'Time from request to start of the job.', JOB_S, 'interactive'),
    retries: counter('job_retries', 'Failed attempts that will be retried, by error.', 'method', 'code'),
    crashes: counter('job_crashes', 'Attempts that ended without a result.', 'method'),
    undos: counter('job_undos', 'Jobs that were rolled back.', 'method'),
    steps: counter('steps', 'Finished steps by result.', 'method', 'step', 'result'),
    stepSeconds: seconds('step', 'Duration of a step.', STEP_S, 'method', 'step'),
    driverCalls: counter(
      'driver_calls',
      'Driver calls by result: ok or the error.',
      'driver',
      'call',
      'result',
    ),
    driverSeconds: seconds('driver_call', 'Duration of a driver call.', STEP_S, 'driver', 'call'),
    requests: counter('http_requests', 'HTTP requests answered.', 'method', 'route', 'status'),
    requestSeconds: seconds('http_request', 'Duration of HTTP requests.', SHORT_S, 'method', 'route'),
    writeSeconds: seconds(
      'state_write',
      "Duration of an operation on the state's files.",
      WRITE_S,
      'operation',
    ),
    moduleRuns: seconds(
      'module_run',
      'Duration of the code that modules measure with metrics.observe, by result: done or failed.',
      STEP_S,
      'module',
      'name',
      'result',
    ),
    writeErrors: counter(
      'state_write_errors',
      "Failed operations on the state's files.",
      'operation',
      'code',
    ),
  };
}

export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/** A counter whose total is kept by other code. `read` must not throw. */
export function summed(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly string[],
  read: () => Iterable<Sample>,
): void {
  const counter = new Counter({
    name: `innkeeper_${name}_total`,
    help,
    labelNames: [...labelNames],
    registers: [registry],
    collect() {
      counter.reset();
      for (const [labels, value] of read()) counter.inc(labels, value);
    },
  });
}

/** A gauge that is read on demand. `read` must not throw. */
export function looked(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly string[],
  read: () => Iterable<Sample>,
): void {
  const gauge = new Gauge({
    name: `innkeeper_${name}`,
    help,
    labelNames: [...labelNames],
    registers: [registry],
    collect() {
      gauge.reset();
      for (const [labels, value] of read()) gauge.set(labels, value);
    },
  });
}
