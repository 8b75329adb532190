/** The one shared look at the cluster: polled every `poll_s`, read by everybody, waited for by nobody but allocation. */
import type { ClusterView } from './driver.js';

export interface ClusterWatch {
  /** The last good view, or undefined before the first. */
  latest(): ClusterView | undefined;
  /** Addresses that containers (ours and others') were configured with at the last good look. */
  usedAddresses(): ReadonlySet<string>;
  /** Since when (epoch ms) looks fail, or undefined while they succeed. */
  staleSince(): number | undefined;
  /** A view no older than `maxAgeMs`, asking now if need be (one request for all who ask at once). Throws `container_host_*`. */
  fresh(maxAgeMs: number, signal: AbortSignal): Promise<ClusterView>;
  /** Ends polling. */
  close(): void;
}
