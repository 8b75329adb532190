/** Subjects of jobs in memory, for tests of the engine that need neither a thread nor a disk. */
import pino from 'pino';
import type { Json } from '../../../src/kernel/json.js';
import { kindData } from '../../../src/model/job-kinds.js';
import { logFieldsOf, type Service, type ServiceKey } from '../../../src/model/service.js';
import { newCircuits } from '../../../src/drivers/shared/circuit.js';
import { serviceRecords } from '../../../src/jobs/effects/service-subject.js';
import type { CallContext } from '../../../src/jobs/engine/call-context.js';
import { leases } from '../../../src/jobs/engine/leases.js';
import type { RunnerDeps } from '../../../src/jobs/engine/runner.js';
import type { ServiceView } from '../../../src/modules/kit/context.js';
import type { SubjectKind } from '../../../src/jobs/engine/subject-kind.js';
import { withJob } from '../../../src/services/outcomes.js';
import { handClock } from '../../fakes/clock.js';
import { memoryState } from '../../fakes/memory-state.js';
import { type FakeThreads, fakeThreads } from '../../fakes/threads.js';

export interface Ask {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly context: CallContext<Service>;
}

export interface InMemory {
  readonly kind: SubjectKind<Service>;
  readonly clock: ReturnType<typeof handClock>;
  readonly memory: ReturnType<typeof memoryState>;
  readonly circuits: ReturnType<typeof newCircuits>;
  readonly log: Record<string, unknown>[];
  readonly deps: RunnerDeps;
  readonly threads: FakeThreads;
}

/** @param threads what attempts do; default: they complete at once */
export function inMemory(
  services: readonly Service[],
  {
    threads = fakeThreads(async () => ({ kind: 'completed' })),
    answer = async () => null,
    jobs = { slots: 3, interactive_slots: 1, stop_s: 10 },
  }: {
    readonly threads?: FakeThreads;
    readonly answer?: (ask: Ask) => Promise<Json | undefined>;
    readonly jobs?: RunnerDeps['config']['jobs'];
  } = {},
): InMemory {
  const clock = handClock();
  const memory = memoryState(...services);
  const circuits = newCircuits(clock, { failures: 1, pauseMs: 1000 });
  const log: Record<string, unknown>[] = [];
  const kind: SubjectKind<Service> = {
    ...serviceRecords({ services: memory.services, archive: memory.archive, withJob }),
    name: 'service',
    *unfinished() {
      for (const { key, openJobs } of memory.services.entries()) if (openJobs.length > 0) yield key;
    },
    onChange: (listener) => memory.services.onChange((next) => listener(`${next.panel}/${next.id}`, next)),
    logFields: (key) => logFieldsOf(key as ServiceKey),
    view: ({ id }) => viewOf(id),
    call: (context, name, args) => answer({ context, name, args }),
  };
  const deps: RunnerDeps = {
    subjects: [kind],
    config: { jobs },
    kinds: kindData,
    clock,
    log: pino({ level: 'debug' }, { write: (line: string) => void log.push(JSON.parse(line) as never) }),
    leases: leases(),
    circuits,
    threads,
    processes: threads,
    code: { of: async () => ({ path: '/module.js', hash: null }), enter: () => () => {} },
    spare: () => true,
  };
  return { kind, clock, memory, circuits, log, deps, threads };
}

/** Lets everything happen that needs no time. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** No test of these looks at more. */
function viewOf(id: string): ServiceView {
  const view: unknown = { id };
  return view as ServiceView;
}
