/** Installs modules from archives. The state folder keeps their files, so no other folder needs to be configured. */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { KeyedLock } from '../../kernel/async/keyed-lock.js';
import { AgentError } from '../../kernel/errors.js';
import { cleaned } from '../../kernel/text.js';
import type { InstallModule } from '../../model/module-operations.js';
import { contentHash } from '../content-hash.js';
import type { DiscoveredModule } from '../discovery/discover.js';
import type { LiveModules } from '../live-modules.js';
import { COPIES_FOLDER, type ModuleVersions } from '../versions.js';
import type { FoundModule } from '../loader.js';
import { problemOf } from './choose-version.js';
import type { ModuleRecords } from './module-records.js';
import { type UnpackedModule, unpackModule } from './unpack.js';

export interface InstallDeps {
  readonly stateDir: string;
  readonly records: ModuleRecords;
  readonly live: Pick<LiveModules, 'found' | 'rescan'>;
  readonly versions: Pick<ModuleVersions, 'keep'>;
  readonly read: (module: FoundModule) => Promise<DiscoveredModule>;
}

/** Names of other authors' modules begin with the name of the author, so that no two authors use the same name. */
const WITH_PREFIX = /^[a-z0-9]+(-[a-z0-9]+)+$/;
/** The name begins with a dot, so no export contains the folder. */
const UNPACKED = '.unpacked-';
const MOST_WAIT_MS = 18_000;

export function moduleInstaller(deps: InstallDeps): InstallModule {
  const turns = new KeyedLock();
  return (archive) =>
    turns.run('', async () => {
      const copies = join(deps.stateDir, COPIES_FOLDER);
      const into = join(copies, `${UNPACKED}${randomUUID()}`);
      await mkdir(into, { recursive: true, mode: 0o700 });
      await removeOthers(copies, into);
      try {
        const unpacked = await unpackModule(archive, into);
        await install(deps, unpacked);
        return { type: unpacked.type, name: unpacked.name };
      } finally {
        await rm(into, { recursive: true, force: true });
      }
    });
}

/** A daemon that dies during an installation leaves its folder behind. Only one installation runs at a time. */
async function removeOthers(copies: string, own: string): Promise<void> {
  const left = (await readdir(copies)).filter((name) => name.startsWith(UNPACKED));
  for (const name of left)
    if (join(copies, name) !== own) await rm(join(copies, name), { recursive: true, force: true });
}

async function install(deps: InstallDeps, { type, name, folder }: UnpackedModule): Promise<void> {
  const { records, live, versions, read } = deps;
  const module = { type, name };
  if (!WITH_PREFIX.test(name))
    throw new AgentError(
      'invalid_request',
      `The name "${name}" must begin with a prefix, e.g. acme-${name}.`,
    );
  if (live.found(module) && !records.find(module)?.installed)
    throw new AgentError(
      'module_exists',
      'A module with this name is part of the agent, or is in a folder.',
      {
        detail: `${type}/${name} is in ${live.found(module)?.path ?? ''}`,
      },
    );
  const hash = await contentHash(folder).catch((error: unknown) => {
    throw new AgentError('invalid_request', `The module cannot be installed: ${textOf(error)}.`);
  });
  const path = join(folder, 'module.js');
  const one = await read({ ...module, path });
  // settings may be missing until the operator sets them
  if (one.problem !== null || !one.read)
    throw new AgentError('module_unusable', `The module cannot be used: ${problemOf(one) ?? ''}.`);
  const { info } = one.read.declared;
  await versions.keep({ info, path, hash });
  await records.change(module, (current) => ({ ...current, installed: { version: info.version, hash } }));
  await live.rescan(MOST_WAIT_MS);
}

function textOf(error: unknown): string {
  return cleaned(error instanceof Error ? error.message : String(error));
}
