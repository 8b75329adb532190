/**
 * The contract of the back ends of the simulated Proxmox: `memory` (small HTTP servers) and `lxc` (real containers).
 * The simulated Proxmox implements the API, tasks, locks and faults. The back end manages the containers.
 */
import { Type } from 'typebox';

/** A container as its config in the simulated Proxmox describes it. All values are validated. */
export const BackendContainerSchema = Type.Object({
  vmid: Type.Integer(),
  node: Type.String(),
  hostname: Type.String(),
  /** MiB */
  memoryMb: Type.Number(),
  swapMb: Type.Number(),
  cores: Type.Number(),
  /** GiB */
  diskGb: Type.Number(),
  /** The address without prefix, the prefix length and the gateway in net0. Null if they are not configured. */
  ipv4: Type.Union([
    Type.Null(),
    Type.Object({
      address: Type.String(),
      prefix: Type.Integer(),
      gateway: Type.Union([Type.String(), Type.Null()]),
    }),
  ]),
  hwaddr: Type.String(),
  nameserver: Type.Union([Type.String(), Type.Null()]),
});

export type BackendContainer = Readonly<Type.Static<typeof BackendContainerSchema>>;

export interface BackendUsage {
  readonly cpu: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly networkInBytes: number;
  readonly networkOutBytes: number;
  readonly uptimeS: number;
}

/** If a method rejects, the message of the error becomes the exit status of the task. */
export interface Backend {
  readonly kind: 'memory' | 'lxc';
  /**
   * Creates the root disk from an OS template volume such as `local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst`.
   */
  create(container: BackendContainer, osTemplate: string): Promise<void>;
  /** Copies (or snapshots) the root disk of a template or stopped container. */
  clone(container: BackendContainer, sourceVmid: number): Promise<void>;
  /** Applies a changed configuration (resources, network, hostname) to the running container if possible. */
  configure(container: BackendContainer): Promise<void>;
  start(container: BackendContainer): Promise<void>;
  stop(vmid: number): Promise<void>;
  shutdown(vmid: number, timeoutS: number): Promise<void>;
  resize(container: BackendContainer): Promise<void>;
  snapshot(vmid: number, name: string): Promise<void>;
  deleteSnapshot(vmid: number, name: string): Promise<void>;
  /** The container is stopped before and after the rollback. */
  rollback(vmid: number, name: string): Promise<void>;
  convertToTemplate(vmid: number): Promise<void>;
  destroy(vmid: number): Promise<void>;
  isRunning(vmid: number): Promise<boolean>;
  usage(vmid: number): Promise<BackendUsage>;
  /**
   * Runs the script that is passed as standard input, in the same way as `pct exec <vmid> --keep-env 0 -- /bin/sh -s`.
   * Only the memory back end has this method, because the lxc back end has a pct command.
   */
  exec?(
    vmid: number,
    stdin: string,
    /**
     * Receives the standard output while the script runs. If this callback is given, the standard output in the result
     * is empty.
     */
    onStdout?: (chunk: string) => void,
  ): Promise<{ code: number; stdout: string; stderr: string }>;
  /** Called once at the end. Removes everything except data that `--state` keeps. */
  close(): Promise<void>;
}
