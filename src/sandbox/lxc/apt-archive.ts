/**
 * Determines which Debian archive the apt of this machine uses, so that the base system and the containers can use
 * the same archive in the same way.
 */
import { run } from './run.js';

export interface AptArchive {
  /** The lines of a sources.list for one Debian suite. */
  readonly sources: readonly string[];
  /** The `host:port` of every server in the sources. */
  readonly servers: readonly string[];
  /** The apt settings of the host that affect downloads, in apt.conf syntax, without proxies. */
  readonly settings: string;
  /** The proxy that the host itself needs, such as `http://proxy:3128`. */
  readonly proxy: string | null;
}

interface Target {
  readonly uri: string;
  readonly label: string;
}

const KEPT_SETTINGS =
  /^Acquire::(?:Check-Valid-Until|Check-Date|Retries|https?::(?:Timeout|Verify-Peer|Verify-Host)) "[^"]*";$/;
const NO_ARCHIVE =
  "The lxc sandbox found no Debian archive in this machine's apt sources; run apt-get update, or add one to /etc/apt/sources.list.";

export async function readAptArchive(suite: string): Promise<AptArchive> {
  const format = '$(REPO_URI)|$(LABEL)|$(ORIGIN)';
  const { stdout } = await run(['apt-get', 'indextargets', '--format', format, 'Created-By: Packages']);
  const targets = parseTargets(stdout);
  const main = targets.find((target) => target.label === 'Debian')?.uri;
  if (main === undefined) throw new Error(NO_ARCHIVE);
  const security = targets.find((target) => target.label === 'Debian-Security')?.uri;
  const sources = [`deb ${main} ${suite} main`, `deb ${main} ${suite}-updates main`];
  if (security !== undefined) sources.push(`deb ${security} ${suite}-security main`);
  const uris = security === undefined ? [main] : [main, security];
  const dump = (await run(['apt-config', 'dump'])).stdout.split('\n');
  return {
    sources,
    servers: [...new Set(uris.map(serverOf))],
    settings: dump.filter((line) => KEPT_SETTINGS.test(line)).join('\n'),
    proxy: findProxy(dump),
  };
}

/** Parses lines of the form `uri|label|origin`. Ignores archives that Debian itself has not signed. */
export function parseTargets(text: string): Target[] {
  return text.split('\n').flatMap((line) => {
    const [uri, label, origin] = line.split('|');
    if (uri === undefined || label === undefined || origin !== 'Debian' || !/^https?:/.test(uri)) return [];
    return [{ uri, label }];
  });
}

function serverOf(uri: string): string {
  const url = new URL(uri);
  return `${url.hostname}:${url.port || (url.protocol === 'https:' ? '443' : '80')}`;
}

export function findProxy(dump: readonly string[]): string | null {
  for (const line of dump) {
    const found = /^Acquire::http::Proxy "(http:[^"]+)";$/i.exec(line)?.[1];
    if (found !== undefined) return found;
  }
  const fromEnvironment = process.env.http_proxy;
  return fromEnvironment !== undefined && fromEnvironment.startsWith('http:') ? fromEnvironment : null;
}
