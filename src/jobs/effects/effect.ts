/** Dependencies of every effect on a service: the systems, the journal of the job, and the limits of the call. */
import type { Logger } from 'pino';
import type { Config } from '../../config/config.js';
import { AgentError } from '../../kernel/errors.js';
import type { Clock } from '../../kernel/clock.js';
import type { ModuleId } from '../../model/module-record.js';
import type { Job, StepRecord } from '../../model/job.js';
import type { DataRules } from '../../model/service-data.js';
import type { JsonObject } from '../../kernel/json.js';
import type { Secret } from '../../kernel/secret.js';
import type { Mark } from '../../kernel/mark.js';
import { guestOf, markOf, type Service } from '../../model/service.js';
import type { DriverCall } from '../../drivers/shared/call.js';
import type { ClusterWatch, GuestAt } from '../../drivers/guest/contract.js';
import type { Drivers } from '../../drivers/table.js';
import type { HostCallAnswer, HostCallArgs, HostCallName } from '../../modules/kit/host-calls.js';
import type { Reservation } from '../../model/reservation.js';
import type { Server } from '../../model/server.js';
import type { DocumentStore, ServiceStore } from '../../state/contract.js';
import type { CallContext } from '../engine/call-context.js';
import type { LeaseRequest } from '../engine/leases.js';
import type { ModuleCalls } from './module-calls.js';
import type { CollectionAccess } from './collection-access.js';

export interface EffectDeps {
  readonly config: Config;
  readonly drivers: Drivers;
  readonly watch: ClusterWatch;
  readonly clock: Clock;
  readonly services: ServiceStore;
  readonly reservations: DocumentStore<Reservation>;
  readonly servers: DocumentStore<Server>;
  /** This function is passed in, because `modules/calls` is in a higher layer. */
  readonly moduleCalls: ModuleCalls;
  readonly collections: CollectionAccess;
  readonly log: Logger;
  /** The present value of a secret among the settings of a module. */
  readonly settingSecret?: (module: ModuleId, name: string) => Secret | undefined;
  /**
   * The rules for the data of this service; undefined if its product declares none, or if the job runs another version
   * of the product's code.
   */
  readonly dataRules?: (service: Service, job: Job) => DataRules | undefined;
}

/** One call by a step of a service's job. The main thread carries it out. */
export interface Effect extends CallContext<Service> {
  readonly deps: EffectDeps;
}

export type EffectOf<N extends HostCallName> = (
  effect: Effect,
  ...args: HostCallArgs<N>
) => Promise<HostCallAnswer<N>>;

/**
 * Each host call has separate notes within the step's notes, so that two remote tasks of one step are not confused.
 * `before` contains notes of another call that the driver needs as well.
 */
export async function driverCall(effect: Effect, before: JsonObject = {}): Promise<DriverCall> {
  const job = await effect.journal.job();
  const step = job.steps.find(({ name }) => name === effect.step);
  let notes: JsonObject = { ...before, ...notesOf(step, effect.name) };
  return {
    signal: effect.signal,
    log: effect.log.child({ step: effect.step }),
    get notes() {
      return notes;
    },
    async note(values) {
      notes = { ...notes, ...values };
      await effect.journal.note(effect.step, { [effect.name]: notes });
    },
  };
}

/** The notes of a host call in a step. */
export function notesOf(step: StepRecord | undefined, name: HostCallName): JsonObject {
  const kept = step?.notes[name];
  return typeof kept === 'object' && kept !== null && !Array.isArray(kept) ? kept : {};
}

export function holding<T>(
  effect: Effect,
  requests: readonly LeaseRequest[],
  work: () => Promise<T>,
): Promise<T> {
  return effect.leases.hold(requests, effect.signal, effect.onWait, work);
}

export function mark(effect: Effect, service: Service): Mark {
  return markOf(effect.deps.config.agent.id, service);
}

/** The service's container, or undefined when the service has no VMID, or no longer has one. */
export function guestAt(effect: Effect, service: Service): GuestAt | undefined {
  const { vmid } = guestOf(service);
  return vmid === null ? undefined : { vmid, mark: mark(effect, service) };
}

export function requireGuest(effect: Effect, service: Service): GuestAt & { node: string } {
  const at = guestAt(effect, service);
  const { node } = guestOf(service);
  if (!at || node === null) {
    throw new AgentError('module_failed', 'The container has not been allocated yet.', { retryable: false });
  }
  return { ...at, node };
}

/**
 * The lease for heavy operations on a node: create, clone, snapshot, rollback and destroy. Only a limited number of
 * them may run on a node at the same time.
 */
export function hostLease(effect: Effect, node: string): LeaseRequest {
  return { name: `host:${node}`, limit: effect.deps.config.container_host.proxmox.heavy_operations };
}
