/**
 * Finds the daemon's unix socket and its state folder. Reads only this part of the configuration, so that it also
 * works for users who are not allowed to read the secrets.
 */
import { dirname, resolve } from 'node:path';
import { CommandFailure } from './failure.js';

/** Returns INNKEEPER_SOCKET, or else the path in the configuration. Throws CommandFailure. */
export async function socketPath(file: string): Promise<string> {
  const { INNKEEPER_SOCKET: given, INNKEEPER_API__SOCKET: socket } = process.env;
  if (given !== undefined) return resolve(given);
  const config = socket === undefined ? await readConfig(file) : {};
  const named = socket ?? at(config, 'api', 'socket');
  return named === undefined ? `${folderIn(config, file)}/innkeeper.sock` : resolve(dirname(file), named);
}

/** Throws CommandFailure. */
export async function stateFolder(file: string): Promise<string> {
  return folderIn(await readConfig(file), file);
}

function folderIn(config: unknown, file: string): string {
  const { INNKEEPER_AGENT__STATE_DIR: given } = process.env;
  return resolve(dirname(file), given ?? at(config, 'agent', 'state_dir') ?? '/var/lib/innkeeper');
}

async function readConfig(file: string): Promise<unknown> {
  const { readYaml } = await import('../../config/yaml-file.js');
  try {
    return await readYaml(file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandFailure(
      `Cannot read the configuration ${file}: ${why}; use --config to name a different file.`,
      {
        cause: error,
      },
    );
  }
}

function at(config: unknown, ...path: string[]): string | undefined {
  const value = path.reduce<unknown>(
    (inner, name) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, name) : undefined),
    config,
  );
  return typeof value === 'string' ? value : undefined;
}
