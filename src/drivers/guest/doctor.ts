/** What the driver of a container host provides to the doctor. */
import type { SeenContainers } from '../../model/actual-state.js';
import type { Check, DriverDoctor } from '../shared/doctor/check.js';
import type { ClusterView, NodeView } from './contract.js';

export interface GuestDoctor extends DriverDoctor {
  /** Checks that the container host can be reached and accepts the agent. The `checks` depend on these. */
  readonly access: readonly Check[];
  look(signal: AbortSignal): Promise<ClusterView>;
  /** Containers with their marks; needs one request per container. */
  containers(signal: AbortSignal): Promise<SeenContainers>;
  /** The online nodes on which containers may be placed. */
  nodes(view: ClusterView): readonly NodeView[];
}
