/**
 * Sets up everything that containers need on this machine (disk, network, base system, access to packages), and
 * removes it at the end.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { readAptArchive } from './apt-archive.js';
import type { AptArchive } from './apt-archive.js';
import { startAptProxy } from './apt-proxy.js';
import { LxcBackend } from './backend.js';
import { baseKey, ensureBaseImage, isBaseVolume, SUITE } from './base-image.js';
import { Disk } from './disk.js';
import { unpack } from './disk-archive.js';
import { clearLeftovers, killGroup, newRecord, removeRecord, runFolder, writeRecord } from './leftovers.js';
import type { EnvironmentRecord } from './leftovers.js';
import {
  chooseNetwork,
  closeNetwork,
  isFree,
  namespaceOf,
  openNetwork,
  planFor,
  routes,
  writeBridgeHook,
} from './network.js';
import type { ContainerNetwork, NetworkPlan } from './network.js';
import { checkRequirements } from './requirements.js';
import { Undo } from './undo.js';

export interface ContainerHostOptions {
  /**
   * The folder for data that is kept between runs: the disk image, the configs of the containers, and the network.
   */
  readonly stateDir: string;
  /** The folder for files that take long to create and that several environments can use. */
  readonly cacheDir: string;
  readonly log: (line: string) => void;
  /** Called when a container has become a template. */
  readonly onTemplate?: (hostname: string, rootfs: string, baseKey: string) => Promise<void>;
}

export interface ContainerHost {
  readonly backend: LxcBackend;
  readonly disk: Disk;
  readonly network: ContainerNetwork;
  readonly lxcPath: string;
  /** The key of the base system from which new containers are created. */
  readonly baseKey: string;
  /** The record of this environment. The caller adds each server that the environment starts to this record. */
  readonly record: EnvironmentRecord;
  close(): Promise<void>;
}

const DISK_GB = 200;

export async function openContainerHost(options: ContainerHostOptions): Promise<ContainerHost> {
  checkRequirements();
  const { cacheDir, log } = options;
  await mkdir(options.stateDir, { recursive: true });
  const stateDir = await realpath(options.stateDir);
  await clearLeftovers(stateDir, log);
  const archive = await readAptArchive(SUITE);
  const key = baseKey(archive);
  const image = await ensureBaseImage(cacheDir, archive, log);
  const { id, plan } = await readIdentity(stateDir);
  const mountPoint = join(runFolder(id), 'disk');
  const record = newRecord(id, stateDir, mountPoint);
  const undo = new Undo();
  try {
    await writeRecord(record);
    undo.add(() => removeRecord(id));
    const disk = await Disk.open({ image: join(stateDir, 'disk.btrfs'), mountPoint, sizeGb: DISK_GB, log });
    undo.add(() => disk.close());
    const [lxcPath, bridgeHook] = [disk.path('lxc'), disk.path('bridge-hook')];
    await mkdir(lxcPath, { recursive: true });
    await writeBridgeHook(bridgeHook);
    const network = await openNetwork(id, plan);
    undo.add(() => closeNetwork(id));
    undo.add(() => killGroup(namespaceOf(id)));
    const proxy = await startAptProxy(plan.gateway, archive);
    undo.add(() => proxy.close());
    const backend = new LxcBackend({
      lxcPath,
      bridgeHook,
      disk,
      network,
      aptConfig: aptConfigFor(proxy.url, archive),
      baseSubvolume: unpackOnce(disk, image, key),
      onTemplate: async (hostname, rootfs) => options.onTemplate?.(hostname, rootfs, key),
      log,
    });
    undo.add(() => backend.close());
    return { backend, disk, network, lxcPath, baseKey: key, record, close: () => undo.run() };
  } catch (error) {
    await undo.run();
    throw error;
  }
}

const IdentityShape = Type.Object({
  id: Type.String({ pattern: '^[0-9a-f]{6}$' }),
  /** The second and third byte of the containers' network address. */
  network: Type.Tuple([
    Type.Integer({ minimum: 0, maximum: 255 }),
    Type.Integer({ minimum: 0, maximum: 255 }),
  ]),
});

/** The environment's short name and its network. They are stored so that containers keep their addresses. */
async function readIdentity(stateDir: string): Promise<{ id: string; plan: NetworkPlan }> {
  const file = join(stateDir, 'lxc-world.json');
  if (existsSync(file)) {
    const kept: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (!Value.Check(IdentityShape, kept))
      throw new Error(`${file} is damaged; remove the sandbox's state folder to start again.`);
    const plan = planFor(...kept.network);
    if (!isFree(plan, await routes())) {
      throw new Error(
        `This machine now routes ${plan.network}/${plan.prefix}, the network of the sandbox's ` +
          'containers, elsewhere.',
      );
    }
    return { id: kept.id, plan };
  }
  const plan = await chooseNetwork();
  const [, second, third] = plan.network.split('.').map(Number);
  const id = randomBytes(3).toString('hex');
  await writeFile(file, JSON.stringify({ id, network: [second, third] }));
  return { id, plan };
}

function aptConfigFor(proxy: string, archive: AptArchive): string {
  return `${archive.settings}\nAcquire::http::Proxy "${proxy}";\nAcquire::https::Proxy "${proxy}";\n`;
}

/** Unpacks the base system into a subvolume at the first call. */
function unpackOnce(disk: Disk, image: string, key: string): (osTemplate: string) => Promise<string> {
  let unpacking: Promise<string> | undefined;
  const ready = disk.path('base', key);
  const prepare = async (): Promise<string> => {
    if (!existsSync(ready)) await unpack(disk, image, ready);
    return ready;
  };
  return async (osTemplate) => {
    if (!isBaseVolume(osTemplate)) throw new Error(`volume '${osTemplate}' does not exist`);
    unpacking ??= prepare();
    try {
      return await unpacking;
    } catch (error) {
      unpacking = undefined;
      throw error;
    }
  };
}
