/** What a container host's driver brings to the doctor. */
import type { SeenContainers } from '../../model/actual-state.js';
import type { Check, DriverDoctor } from '../shared/doctor/check.js';
import type { ClusterView, NodeView } from './contract.js';

export interface GuestDoctor extends DriverDoctor {
  /** Whether the container host is reached and accepts the agent: `checks` come after these. */
  readonly access: readonly Check[];
  look(signal: AbortSignal): Promise<ClusterView>;
  /** With their marks: one request for each container. */
  containers(signal: AbortSignal): Promise<SeenContainers>;
  /** The nodes that containers may be placed on, of those that are online. */
  nodes(view: ClusterView): readonly NodeView[];
}
