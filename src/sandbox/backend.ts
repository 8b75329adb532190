/**
 * The contract of the back ends of the Proxmox look-alike: `memory` (small HTTP servers) and `lxc` (real containers).
 * The look-alike handles API, tasks, locks and faults; the back end does the work.
 */
import { Type } from 'typebox';

/** A container as the look-alike's config describes it. All values are validated. */
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
  /** From net0: address without prefix, prefix length, gateway; null if not configured. */
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

/** Every method rejects with an Error whose message becomes the task's exit status. */
export interface Backend {
  readonly kind: 'memory' | 'lxc';
  /**
   * Creates the root disk from an OS template volume, e.g. `local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst`.
   */
  create(container: BackendContainer, osTemplate: string): Promise<void>;
  /** Copies (or snapshots) the root disk of a template or stopped container. */
  clone(container: BackendContainer, sourceVmid: number): Promise<void>;
  /** Applies a changed config (resources, network, hostname), live where possible. */
  configure(container: BackendContainer): Promise<void>;
  start(container: BackendContainer): Promise<void>;
  stop(vmid: number): Promise<void>;
  shutdown(vmid: number, timeoutS: number): Promise<void>;
  resize(container: BackendContainer): Promise<void>;
  snapshot(vmid: number, name: string): Promise<void>;
  deleteSnapshot(vmid: number, name: string): Promise<void>;
  /** The container is stopped before and after. */
  rollback(vmid: number, name: string): Promise<void>;
  convertToTemplate(vmid: number): Promise<void>;
  destroy(vmid: number): Promise<void>;
  isRunning(vmid: number): Promise<boolean>;
  usage(vmid: number): Promise<BackendUsage>;
  /**
   * Runs the standard input as `pct exec <vmid> --keep-env 0 -- /bin/sh -s` does. Only the memory back end has this
   * method; lxc has a real pct.
   */
  exec?(
    vmid: number,
    stdin: string,
    /** Receives the standard output as it arrives. The standard output of the result is then empty. */
    onStdout?: (chunk: string) => void,
  ): Promise<{ code: number; stdout: string; stderr: string }>;
  /** Called once at the end. Leaves nothing behind except what `--state` keeps. */
  close(): Promise<void>;
}
