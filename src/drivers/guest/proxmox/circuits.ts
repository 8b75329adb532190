/**
 * The circuits for requests to Proxmox: one circuit for the API as a whole, and one for each node to which the API
 * forwards requests.
 */
import { type Circuit, type Circuits, openCircuit, type Pass } from '../../shared/circuit.js';
import { PveError } from './pve-error.js';

/**
 * The outcome of a request: an HTTP status, the reason why there is no status, or the message with which the API
 * rejects all requests of the agent.
 */
export type WireEnd =
  number | 'answered' | 'not connected' | 'no answer' | 'left' | { readonly refused: string };

export interface HostCircuits {
  /**
   * Must be called before each request. When the request has ended, the returned function must be called with the
   * outcome; further calls have no effect. Throws PveError `unreachable`, `refused`.
   */
  enter(path: string, about: string): (end: WireEnd) => void;
  /** True if the API rejected the last request because it rejects all requests of the agent. */
  refuses(): boolean;
}

const NODE = /^\/api2\/json\/nodes\/([^/?]+)\//;
/**
 * Paths that do not respond while Proxmox checks the file system of a container before it mounts the file system. If
 * such a path does not respond, the node may still be working.
 */
const MAY_BE_MUTE = /^\/api2\/json\/nodes\/[^/]+\/lxc(?:\/\d+\/status\/current)?$/;
/**
 * The statuses with which the API reports that it could not connect to the node, or that the node did not respond in
 * time.
 */
const TIMED_OUT = 596;
const NODE_SILENT = [595, TIMED_OUT];
const GATEWAY = [502, 503, 504];

export function hostCircuits(circuits: Circuits | undefined): HostCircuits {
  if (!circuits) return { enter: () => () => {}, refuses: () => false };
  const api = circuits.of('container-host', 'container host');
  return {
    refuses: () => api.view().refusal !== null,
    enter(path, about) {
      const name = NODE.exec(path)?.[1];
      const node =
        name === undefined
          ? undefined
          : circuits.of(`container-host:${decodeURIComponent(name)}`, 'container host');
      const whole = api.enter();
      if (!whole) throw closed(api, about);
      const part = node?.enter();
      if (node && !part) {
        whole.left();
        throw closed(node, about);
      }
      const mute = MAY_BE_MUTE.test(path);
      return (end) => settle(mute && (end === 'no answer' || end === TIMED_OUT) ? 'left' : end, whole, part);
    },
  };
}

function closed(circuit: Circuit, about: string): PveError {
  const { failure, detail } = openCircuit(circuit);
  const isRefusal = failure === 'refused_us';
  return new PveError(isRefusal ? 'refused' : 'unreachable', about, detail, { isWhole: isRefusal });
}

function settle(end: WireEnd, api: Pass, node: Pass | undefined): void {
  const nodeIsSilent = NODE_SILENT.some((status) => status === end);
  if (end === 'left') {
    api.left();
    node?.left();
  } else if (typeof end === 'object') {
    api.refused(end.refused);
    node?.left();
  } else if (end === 'not connected' || GATEWAY.some((status) => status === end)) {
    api.silent();
    node?.left();
  } else if (end === 'no answer') {
    // for a dead node, our request to the API times out first, because the API waits longer for the node
    if (node) api.left();
    else api.silent();
    node?.silent();
  } else {
    if (nodeIsSilent && !node) api.silent();
    else api.answered();
    if (nodeIsSilent) node?.silent();
    else node?.answered();
  }
}
