/** What the figures are read from that are looked up when somebody asks; read only, from memory. */
import type { Config } from '../config/config.js';
import type { Clock } from '../kernel/clock.js';
import type { OwnCertificate } from '../model/own-certificate.js';
import type { PoolUse } from '../model/pool-use.js';
import { usesOfSupply } from '../jobs/effects/supply.js';
import type { ClusterWatch } from '../drivers/guest/contract.js';
import type { State } from '../state/contract.js';
import type { CircuitState } from '../drivers/shared/circuit.js';

/** One remote system, as the circuit in front of it sees it. */
export interface CircuitView {
  readonly name: string;
  readonly role: string;
  readonly state: CircuitState;
  /** RFC 3339: in this state since. */
  readonly since: string;
  readonly failures: number;
  /** With what words it refuses the agent itself. */
  readonly refusal: string | null;
}

/** Services whose world differs from their record, by kind of difference. */
export interface DriftCount {
  readonly kind: string;
  readonly services: number;
}

export interface Sources {
  readonly config: Config;
  readonly state: State;
  readonly watch: ClusterWatch;
  readonly clock: Clock;
  /** Without those that cannot be read right now. */
  readonly ownCertificates: () => readonly OwnCertificate[];
  readonly circuits: () => readonly CircuitView[];
  readonly drift: () => readonly DriftCount[];
}

export function poolUses({ config, state, watch }: Pick<Sources, 'config' | 'state' | 'watch'>): PoolUse[] {
  return usesOfSupply({ config, services: state.services, watch });
}
