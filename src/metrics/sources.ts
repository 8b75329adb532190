/** What the figures are read from that are looked up when somebody asks; read only, from memory. */
import type { Config } from '../config/config.js';
import type { Clock } from '../kernel/clock.js';
import type { OwnCertificate } from '../model/own-certificate.js';
import { type PoolUse, useOfNumbers, usesOfAddresses } from '../model/pool-use.js';
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

/** Every pool's use: what services claim, and what anything else on the cluster has. */
export function poolUses({ config, state, watch }: Pick<Sources, 'config' | 'state' | 'watch'>): PoolUse[] {
  const addresses = new Set(watch.usedAddresses());
  const vmids = new Set(watch.latest()?.guests.map(({ vmid }) => vmid));
  for (const entry of state.services.entries()) {
    for (const address of entry.addresses) addresses.add(address);
    if (entry.vmid !== null) vmids.add(entry.vmid);
  }
  return [
    ...usesOfAddresses(config.addresses.pools, addresses),
    useOfNumbers(config.container_host.proxmox.vmids, vmids),
  ];
}
