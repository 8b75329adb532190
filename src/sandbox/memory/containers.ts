/**
 * The back end that works on every machine. Each running container is a small HTTP server in this process, and each
 * disk is a JSON value.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { decodeScript } from '../../drivers/exec/script.js';
import {
  type Backend,
  type BackendContainer,
  BackendContainerSchema,
  type BackendUsage,
} from '../backend.js';
import { openJsonFile } from '../json-file.js';
import { type Disk, diskSchema, goldenDisk, plainDisk } from './containers-disk.js';
import { siteListener } from './containers-site.js';
import type { ScratchRoots } from './scratch-root.js';
import { SCRIPTS, type ScriptTable } from './scripts.js';

const entrySchema = Type.Object({
  /**
   * The configuration with which the container was last started or changed. It is absent for a template that existed
   * from the start.
   */
  container: Type.Optional(BackendContainerSchema),
  disk: diskSchema,
  snapshots: Type.Record(Type.String(), diskSchema),
  /** When the container was started (epoch ms). It is absent if the container is stopped. */
  runningSince: Type.Optional(Type.Number()),
});
const stateSchema = Type.Record(Type.String(), entrySchema);

type Entry = Type.Static<typeof entrySchema>;
type Entries = Type.Static<typeof stateSchema>;

export interface MemoryBackendOptions {
  /** The containers whose disks are golden templates from the start. The default is 9001, 9002 and 9003. */
  readonly golden?: readonly number[];
  /** The file that stores between runs the disks, and which containers are running. */
  readonly stateFile?: string;
  /** The factor for the duration of scripts. With 1, scripts take as long as the real ones. The default is 0. */
  readonly delays?: number;
  /** Scripts that extend or replace the WordPress scripts. */
  readonly scripts?: ScriptTable;
  /** Runs scripts that are not in the table. Without it, they are not found. */
  readonly otherScripts?: ScratchRoots['run'];
}

export interface MemoryBackend extends Backend {
  readonly kind: 'memory';
  exec(
    vmid: number,
    stdin: string,
    onStdout?: (chunk: string) => void,
  ): Promise<{ code: number; stdout: string; stderr: string }>;
  /**
   * Returns the address at which the web server (port 80) of the running container with this private address actually
   * listens.
   */
  upstreamOf(address: string): { host: string; port: number } | undefined;
  /** Returns the current content of a container's disk. */
  diskOf(vmid: number): Disk | undefined;
}

const HOST = '127.0.0.1';
const MIB = 1024 ** 2;
/** Matches the script that the agent runs to end one of its earlier scripts. */
const STOP_SCRIPT = 'innkeeper/stop-script';

/** Returns the line with the shell's process ID, which a script prints first. */
function beginOf(stdin: string, shell: number): string {
  const marker = /\nprintf '(innkeeper-begin-[0-9a-f]+) %s\\n' "\$\$"\n/.exec(stdin)?.[1];
  return marker === undefined ? '' : `${marker} ${shell}\n`;
}

export async function memoryBackend(options: MemoryBackendOptions = {}): Promise<MemoryBackend> {
  const { golden = [9001, 9002, 9003], delays = 0 } = options;
  const scripts: ScriptTable = { ...SCRIPTS, ...options.scripts };
  const fresh: Entries = Object.fromEntries(
    golden.map((vmid) => [String(vmid), { disk: goldenDisk(), snapshots: {} }]),
  );
  const file = openJsonFile<Entries>(options.stateFile, fresh, (found) =>
    Value.Check(stateSchema, found) ? found : undefined,
  );
  const entries = file.value;
  const servers = new Map<number, Server>();
  const shells = new Map<number, AbortController>();
  let lastShell = 1000;

  function entryOf(vmid: number): Entry {
    const found = entries[vmid];
    if (!found) throw new Error(`no disk of container ${vmid}`);
    return found;
  }

  async function listen(vmid: number): Promise<void> {
    const server = createServer(siteListener(() => entries[vmid]?.disk));
    server.listen(0, HOST);
    await once(server, 'listening');
    servers.set(vmid, server);
  }

  async function silence(vmid: number): Promise<void> {
    const server = servers.get(vmid);
    if (!server) return;
    servers.delete(vmid);
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  async function halt(vmid: number): Promise<void> {
    await silence(vmid);
    const entry = entries[vmid];
    if (entry) delete entry.runningSince;
    await file.save();
  }

  function portOf(vmid: number): number | undefined {
    const address = servers.get(vmid)?.address();
    return typeof address === 'object' && address !== null ? address.port : undefined;
  }

  async function exec(
    vmid: number,
    stdin: string,
    onStdout?: (chunk: string) => void,
  ): Promise<{ code: number; stdout: string; stderr: string }> {
    const entry = entries[vmid];
    const server = servers.get(vmid);
    if (!entry || !server) return { code: 255, stdout: '', stderr: `container '${vmid}' not running!\n` };
    const script = decodeScript(stdin);
    if (!script) return { code: 2, stdout: '', stderr: '/bin/sh: 1: Syntax error\n' };
    lastShell += 1;
    const shell = lastShell;
    const begin = beginOf(stdin, shell);
    onStdout?.(begin);
    const stop = new AbortController();
    shells.set(shell, stop);
    const known = Object.hasOwn(scripts, script.name) ? scripts[script.name] : undefined;
    await pause((known?.takesMs ?? 0) * delays, undefined, { signal: stop.signal }).catch(() => {});
    const isOther = !known && script.name !== STOP_SCRIPT;
    const other = isOther ? await options.otherScripts?.(vmid, script, stop.signal) : undefined;
    shells.delete(shell);
    // the container was stopped or destroyed during the script, or the script was killed
    if (stop.signal.aborted || servers.get(vmid) !== server)
      return { code: 137, stdout: onStdout ? '' : begin, stderr: '' };
    if (script.name === STOP_SCRIPT) shells.get(Number(script.values['SHELL_PID']))?.abort();
    const { code, stdout, stderr } =
      script.name === STOP_SCRIPT
        ? { code: 0, stdout: '', stderr: '' }
        : (other ??
          known?.play(entry.disk, script.values) ?? {
            code: 127,
            stdout: '',
            stderr: `/bin/sh: 1: ${script.name}: not found\n`,
          });
    await file.save();
    // the exit code of the shell is that of its last command, which is the printf of the marker
    const rest = `${stdout}\n${script.marker} ${code}\n`;
    onStdout?.(rest);
    return { code: 0, stdout: onStdout ? '' : begin + rest, stderr };
  }

  function usage(vmid: number): BackendUsage {
    const { disk, runningSince } = entryOf(vmid);
    const uptimeS =
      runningSince === undefined ? 0 : Math.max(1, Math.floor((Date.now() - runningSince) / 1000));
    return {
      cpu: disk.site ? 0.01 : 0.002,
      memoryBytes: (disk.packages.includes('wordpress') ? 146 : 38) * MIB,
      diskBytes: (disk.packages.includes('wordpress') ? 660 : 220) * MIB,
      networkInBytes: uptimeS * 300,
      networkOutBytes: uptimeS * 900,
      uptimeS,
    };
  }

  const copyOf = (container: BackendContainer): NonNullable<Entry['container']> => ({
    ...container,
    ipv4: container.ipv4 ? { ...container.ipv4 } : null,
  });

  async function put(container: BackendContainer, disk: Disk): Promise<void> {
    if (entries[container.vmid]) throw new Error(`container ${container.vmid} has a disk already`);
    entries[container.vmid] = { container: copyOf(container), disk, snapshots: {} };
    await file.save();
  }

  for (const [vmid, entry] of Object.entries(entries))
    if (entry.runningSince !== undefined) await listen(Number(vmid));

  return {
    kind: 'memory',
    create: (container, osTemplate) => put(container, plainDisk(osTemplate)),
    clone: async (container, sourceVmid) => put(container, structuredClone(entryOf(sourceVmid).disk)),
    async configure(container) {
      entryOf(container.vmid).container = copyOf(container);
      await file.save();
    },
    async start(container) {
      const { vmid } = container;
      const entry = entryOf(vmid);
      if (servers.has(vmid)) throw new Error(`container ${vmid} is running`);
      entry.container = copyOf(container);
      entry.runningSince = Date.now();
      if (entry.disk.machineId === '') entry.disk.machineId = randomBytes(16).toString('hex');
      await listen(vmid);
      await file.save();
    },
    stop: halt,
    shutdown: halt,
    async resize(container) {
      entryOf(container.vmid).container = copyOf(container);
      await file.save();
    },
    async snapshot(vmid, name) {
      const entry = entryOf(vmid);
      entry.snapshots[name] = structuredClone(entry.disk);
      await file.save();
    },
    async deleteSnapshot(vmid, name) {
      Reflect.deleteProperty(entryOf(vmid).snapshots, name);
      await file.save();
    },
    async rollback(vmid, name) {
      const entry = entryOf(vmid);
      const kept = entry.snapshots[name];
      if (!kept) throw new Error(`no snapshot ${name} of container ${vmid}`);
      entry.disk = structuredClone(kept);
      await file.save();
    },
    async convertToTemplate(vmid) {
      entryOf(vmid);
    },
    async destroy(vmid) {
      await silence(vmid);
      Reflect.deleteProperty(entries, vmid);
      await file.save();
    },
    isRunning: async (vmid) => servers.has(vmid),
    usage: async (vmid) => usage(vmid),
    exec,
    upstreamOf(address) {
      const found = Object.entries(entries).find(
        ([vmid, { container }]) => servers.has(Number(vmid)) && container?.ipv4?.address === address,
      );
      const port = found === undefined ? undefined : portOf(Number(found[0]));
      return port === undefined ? undefined : { host: HOST, port };
    },
    diskOf: (vmid) => structuredClone(entries[vmid]?.disk),
    async close() {
      await file.save();
      await Promise.all([...servers.keys()].map(silence));
    },
  };
}
