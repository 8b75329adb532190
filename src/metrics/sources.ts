/**
 * The sources of the metrics that are read when they are requested. Reading them changes nothing and needs only data in
 * memory.
 */
import type { Config } from '../config/config.js';
import type { Accounts } from '../model/account.js';
import type { Clock } from '../kernel/clock.js';
import type { ModuleView } from '../model/module-view.js';
import type { OwnCertificate } from '../model/own-certificate.js';
import type { PoolUse } from '../model/pool-use.js';
import { usesOfServers } from '../jobs/effects/server-choice.js';
import { usesOfSupply } from '../jobs/effects/supply.js';
import type { ClusterWatch } from '../drivers/guest/contract.js';
import type { State } from '../state/contract.js';
import type { CircuitState } from '../drivers/shared/circuit.js';

/** A remote system as its circuit sees it. */
export interface CircuitView {
  readonly name: string;
  readonly role: string;
  readonly state: CircuitState;
  /** When the circuit entered this state (RFC 3339). */
  readonly since: string;
  readonly failures: number;
  /** The system's message, if it refuses the agent itself and not only single requests. */
  readonly refusal: string | null;
}

/** Services whose actual state differs from their record, by kind of difference. */
export interface DriftCount {
  readonly kind: string;
  readonly services: number;
}

export interface Sources {
  readonly config: Config;
  readonly state: State;
  readonly watch: ClusterWatch;
  readonly clock: Clock;
  /** Certificates that cannot be read at the moment are left out. */
  readonly ownCertificates: () => readonly OwnCertificate[];
  readonly circuits: () => readonly CircuitView[];
  readonly drift: () => readonly DriftCount[];
  readonly accounts: Accounts;
  readonly modules: () => readonly Pick<ModuleView, 'type' | 'state'>[];
}

export function poolUses({ config, state, watch }: Pick<Sources, 'config' | 'state' | 'watch'>): PoolUse[] {
  return [...usesOfSupply({ config, services: state.services, watch }), ...usesOfServers(state)];
}
