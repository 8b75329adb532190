/**
 * The one registry of figures: what is counted as it happens, and what is looked up when somebody asks. Labels hold
 * words of ours only, never an id or a path.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Gauges under names that are kept for counters. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

const SHORT_S = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20];
const STEP_S = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
const JOB_S = [0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 21_600];
const WRITE_S = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

/** With the figures of the process: memory, processor time, event loop, garbage collection. */
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
  readonly writeErrors: Counter<'operation' | 'code'>;
}

/** What is counted as it happens. */
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
    operations: counter('operations', 'Jobs that ended, by how.', 'method', 'result'),
    jobSeconds: seconds('job', 'From the order to the end of its job.', JOB_S, 'method'),
    waitSeconds: seconds('job_wait', 'From the order to the first start of its job.', JOB_S, 'interactive'),
    retries: counter('job_retries', 'Jobs that wait to be tried again, by error.', 'method', 'code'),
    crashes: counter('job_crashes', 'Attempts that ended without a result.', 'method'),
    undos: counter('job_undos', 'Jobs that turned back.', 'method'),
    steps: counter('steps', 'Steps that ended, by how.', 'method', 'step', 'result'),
    stepSeconds: seconds('step', 'One run of one step.', STEP_S, 'method', 'step'),
    driverCalls: counter('driver_calls', 'Calls of drivers: ok or the error.', 'driver', 'call', 'result'),
    driverSeconds: seconds('driver_call', 'One call of a driver.', STEP_S, 'driver', 'call'),
    requests: counter('http_requests', 'Answered HTTP requests.', 'method', 'route', 'status'),
    requestSeconds: seconds('http_request', 'From request to answer.', SHORT_S, 'method', 'route'),
    writeSeconds: seconds('state_write', 'One operation on the files of the state.', WRITE_S, 'operation'),
    writeErrors: counter(
      'state_write_errors',
      'Operations on the files of the state that failed.',
      'operation',
      'code',
    ),
  };
}

export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/** A sum that somebody else keeps, as a counter. `read` throws nothing. */
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

/** A figure that is looked up when somebody asks. `read` throws nothing. */
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
