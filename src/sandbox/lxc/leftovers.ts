/**
 * Every running environment has a record in /run. If an environment is killed, the next environment uses the record to
 * remove what is left of it: processes, mounts, namespaces, cgroups.
 */
import { chmod, mkdir, readFile, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { processesUnder, removeGroups } from './cgroup.js';
import { unmount } from './disk.js';
import { closeNetwork, namespaceOf } from './network.js';
import { identify, isAlive, signal } from './process-identity.js';
import type { ProcessIdentity } from './process-identity.js';

const RECORDS = '/run/innkeeper-sandbox';
const Identity = Type.Object({ pid: Type.Integer(), startTime: Type.String() });
const RecordShape = Type.Object({
  id: Type.String({ pattern: '^[0-9a-f]{6}$' }),
  stateDir: Type.String(),
  mountPoint: Type.String(),
  owner: Identity,
  children: Type.Array(Identity),
});
export type EnvironmentRecord = Type.Static<typeof RecordShape>;

/** Creates the record of an environment in this process. `children` are the servers that it started. */
export function newRecord(id: string, stateDir: string, mountPoint: string): EnvironmentRecord {
  const owner = identify(process.pid);
  if (owner === undefined) throw new Error('the lxc sandbox needs /proc');
  return { id, stateDir, mountPoint, owner, children: [] };
}

/**
 * The folder for files to which root users of containers and nginx's workers need access. The state folder is not used
 * for these files, because these users may not be able to access the folder that contains it.
 */
export function runFolder(id: string): string {
  return join(RECORDS, id);
}

export async function writeRecord(record: EnvironmentRecord): Promise<void> {
  await mkdir(runFolder(record.id), { recursive: true });
  for (const folder of [RECORDS, runFolder(record.id)]) await chmod(folder, 0o755);
  const file = join(RECORDS, `${record.id}.json`);
  await writeFile(`${file}.new`, JSON.stringify(record));
  await rename(`${file}.new`, file);
}

export async function removeRecord(id: string): Promise<void> {
  await rmdir(join(runFolder(id), 'disk')).catch(() => undefined);
  await rmdir(runFolder(id)).catch(() => undefined);
  await rm(join(RECORDS, `${id}.json`), { force: true });
}

/** Removes the leftovers of dead environments. Throws if a running environment uses this state folder. */
export async function clearLeftovers(stateDir: string, log: (line: string) => void): Promise<void> {
  for (const record of await readRecords()) {
    if (!isAlive(record.owner)) {
      log(`removing what sandbox ${record.id} left behind`);
      await clearEnvironment(record);
    } else if (record.stateDir === stateDir) {
      throw new Error(`A sandbox is already running on ${stateDir} (process ${record.owner.pid}).`);
    }
  }
}

async function readRecords(): Promise<EnvironmentRecord[]> {
  const names = await readdir(RECORDS).catch(() => []);
  const records: EnvironmentRecord[] = [];
  for (const name of names.filter((each) => each.endsWith('.json'))) {
    const value: unknown = JSON.parse(await readFile(join(RECORDS, name), 'utf8').catch(() => 'null'));
    if (Value.Check(RecordShape, value)) records.push(value);
  }
  return records;
}

async function clearEnvironment(record: EnvironmentRecord): Promise<void> {
  for (const child of record.children) signal(child, 'SIGTERM');
  await killGroup(namespaceOf(record.id));
  await closeNetwork(record.id);
  // The servers get time to stop gracefully, because a killed nginx would leave its workers behind.
  if (!(await ended(record.children, 5000))) for (const child of record.children) signal(child, 'SIGKILL');
  await ended(record.children, 1000);
  await unmount(record.mountPoint);
  await removeRecord(record.id);
}

async function ended(processes: readonly ProcessIdentity[], withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  while (processes.some(isAlive)) {
    if (Date.now() > deadline) return false;
    await delay(50);
  }
  return true;
}

/**
 * Ends the processes of the containers and LXC's monitors. When the init process of a container ends, all its
 * processes end.
 */
export async function killGroup(group: string): Promise<void> {
  for (let tries = 0; tries < 50; tries += 1) {
    const alive = processesUnder(group)
      .map((pid) => identify(pid))
      .filter((found): found is ProcessIdentity => found !== undefined);
    if (alive.length === 0) break;
    for (const each of alive) signal(each, 'SIGKILL');
    await delay(100);
  }
  await removeGroups(group);
}
