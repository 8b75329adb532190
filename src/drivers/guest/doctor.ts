/** The interface that the driver of a container host provides to the doctor. */
import type { SeenContainers } from '../../model/actual-state.js';
import type { Check, DriverDoctor } from '../shared/doctor/check.js';
import type { ClusterView, NodeView } from './contract.js';

export interface GuestDoctor extends DriverDoctor {
  /** The checks whether the agent can access the container host. All `checks` depend on these. */
  readonly access: readonly Check[];
  look(signal: AbortSignal): Promise<ClusterView>;
  /** Reads the containers with their marks, with one request per container. */
  containers(signal: AbortSignal): Promise<SeenContainers>;
  /** Returns the nodes that are online and on which the configuration allows containers. */
  nodes(view: ClusterView): readonly NodeView[];
}
