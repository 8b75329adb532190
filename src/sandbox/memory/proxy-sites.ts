/**
 * The sites that the embedded proxy serves. The proxy reads them from the configuration that the nginx driver renders.
 * It therefore uses exactly the configuration that a real nginx would load.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export type SiteState = 'preparing' | 'enabled' | 'suspended';

export interface ProxiedSite {
  readonly state: SiteState;
  readonly address: string;
  readonly port: number;
}

export interface Served {
  /** The response of the status server. Null before there is a configuration. */
  readonly version: string | null;
  /** Maps host names in lower case to sites. */
  readonly sites: ReadonlyMap<string, ProxiedSite>;
  /** Maps server names in lower case to the files of their certificates. */
  readonly certificates: ReadonlyMap<string, { readonly certFile: string; readonly keyFile: string }>;
}

export const nothingServed: Served = { version: null, sites: new Map(), certificates: new Map() };

/**
 * Reads `<dir>/nginx.conf`. If the file is missing or was not rendered by the driver, rejects with a message like
 * that of nginx.
 */
export async function readServed(dir: string): Promise<Served> {
  const file = join(dir, 'nginx.conf');
  const text = await withIncluded(await readConfiguration(file));
  const version = versionIn(text);
  const upstreams = mapOf(text, '$host', 'upstream');
  const states = mapOf(text, '$host', 'state');
  if (version === undefined || !upstreams || !states)
    throw new Error(`${file} is not what the nginx driver renders`);
  const sites = new Map<string, ProxiedSite>();
  for (const [host, upstream] of upstreams) {
    const [, address, port] = /^\[?([0-9a-f.:]+?)\]?:(\d+)$/.exec(upstream) ?? [];
    const state = states.get(host);
    if (address === undefined || !isState(state)) throw new Error(`${file}: unexpected value for "${host}"`);
    sites.set(host, { state, address, port: Number(port) });
  }
  return { version, sites, certificates: certificatesIn(text) };
}

async function readConfiguration(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    throw new Error(`open() "${file}" failed (2: No such file or directory)`);
  }
}

/** Reads the maps. On a proxy host behind SSH, the maps are in a separate file. */
async function withIncluded(text: string): Promise<string> {
  const [line, file] = /^include "([^"]+)";$/m.exec(text) ?? [];
  return line === undefined || file === undefined
    ? text
    : text.replace(line, () => '') + (await readConfiguration(file));
}

/** Matches a number, or the variable that the maps of a proxy host behind SSH set. */
function versionIn(text: string): string | undefined {
  const [, said] = /location = \/innkeeper-version \{[^}]*return 200 (\S+);/.exec(text) ?? [];
  const mapped = /^map \$host \$innkeeper_version \{\n\s*default "(\d+)";/m.exec(text)?.[1];
  return said === '$innkeeper_version' ? mapped : /^"(\d+)"$/.exec(said ?? '')?.[1];
}

function certificatesIn(text: string): Served['certificates'] {
  const keys = mapOf(text, '$ssl_server_name', 'certificate_key');
  const pairs = [...(mapOf(text, '$ssl_server_name', 'certificate') ?? [])];
  return new Map(pairs.map(([name, certFile]) => [name, { certFile, keyFile: keys?.get(name) ?? '' }]));
}

/** Returns the lines of `map <from> $innkeeper_<name> { ... }`. */
function mapOf(text: string, from: string, name: string): Map<string, string> | undefined {
  const start = `map ${from} $innkeeper_${name} {\n`;
  const at = text.indexOf(start);
  if (at < 0) return undefined;
  const body = text.slice(at + start.length, text.indexOf('}', at));
  const lines = body.matchAll(/^\s*(\S+)\s+"?([^"\n]*?)"?;$/gm);
  return new Map([...lines].flatMap(([, key = '', value = '']) => (key === 'default' ? [] : [[key, value]])));
}

function isState(value: string | undefined): value is SiteState {
  return value === 'preparing' || value === 'enabled' || value === 'suspended';
}
