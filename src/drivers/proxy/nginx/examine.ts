/**
 * Examines nginx without changing it: whether it accepts its configuration, whether a reload takes effect, and
 * whether it serves the configuration that the driver has written.
 */
import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pause } from '../../../kernel/async/pause.js';
import { poll } from '../../../kernel/async/poll.js';
import type { Clock } from '../../../kernel/clock.js';
import type { NginxConfig, NginxSettings } from './config.js';
import type { ProxySsh } from '../ssh-config.js';
import { reload, testConfiguration } from './commands.js';
import type { ProxyHost } from '../contract.js';
import { fileNameOf } from './record.js';
import { RemoteCommands } from './remote/commands.js';
import { decodeRecords, encodeRecords } from './remote/records-text.js';
import { readRendering } from './rendering.js';
import { readVersion } from './wait-for-reload.js';

export interface Served {
  readonly written: string;
  /** Undefined if no nginx with our configuration responds on the status port. */
  readonly served: string | undefined;
}

const SERVED_WITHIN_MS = 3_000;
const LOOK_MS = 100;

export interface NginxExaminer {
  /**
   * False before the first start of the daemon, because the daemon has not created its file yet. Until then, `nginx
   * -t` fails if the operator's configuration includes this file.
   */
  hasRendering(signal: AbortSignal): Promise<boolean>;
  /**
   * Returns undefined, or the error message of nginx. Tests twice before it returns an error, because the daemon may
   * be testing another configuration at the moment.
   */
  test(signal: AbortSignal): Promise<string | undefined>;
  /** Reloads nginx in the same way as certbot or an operator does. Returns the version that nginx serves afterwards. */
  reload(signal: AbortSignal): Promise<Served>;
  /**
   * Checks whether the daemon can write to its folder, or, if this folder does not exist, to the closest existing
   * folder above it. Returns this folder if the daemon cannot write to it, otherwise undefined.
   */
  unwritable(): Promise<string | undefined>;
  close(): Promise<void>;
}

type Pools = readonly { readonly first: string; readonly last: string }[];

export function nginxExaminer(
  { nginx, ssh }: Pick<NginxSettings['proxy'], 'nginx' | 'ssh'>,
  pools: Pools,
  clock: Clock,
): NginxExaminer {
  return ssh === null ? localExaminer(nginx, clock) : remoteExaminer(ssh, pools, clock);
}

function localExaminer(config: NginxConfig, clock: Clock): NginxExaminer {
  const ask = readVersion(config.status_port);
  return {
    hasRendering: async () => (await readRendering(config)).text !== undefined,
    async test(signal) {
      const complaint = await testConfiguration(config.test, signal);
      if (complaint === undefined || signal.aborted) return complaint;
      await pause(clock, 1_000, signal);
      return testConfiguration(config.test, signal);
    },
    async reload(signal) {
      await reload(config.reload, signal);
      return untilServed(clock, signal, async () => {
        const { version: written } = await readRendering(config);
        return { written, served: await ask() };
      });
    },
    async unwritable() {
      for (let folder = config.dir; ; folder = dirname(folder)) {
        try {
          await access(folder, constants.W_OK | constants.X_OK);
          return undefined;
        } catch (error) {
          const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
          if (!missing || dirname(folder) === folder) return folder;
        }
      }
    },
    close: async () => {},
  };
}

/**
 * Examines a proxy host through its forced command. For a test, it sends the host's own records with a new version
 * number; after the test, the host restores the previous version. The test records also contain a site at the first
 * and the last address of each pool, which shows whether the forced command allows sites at these addresses.
 */
function remoteExaminer(ssh: ProxySsh, pools: Pools, clock: Clock): NginxExaminer {
  const commands = new RemoteCommands(ssh);
  const kept = async (signal: AbortSignal) => decodeRecords((await commands.call('get', '', signal)).stdout);
  return {
    hasRendering: async (signal) => (await kept(signal)).version !== '0',
    async test(signal) {
      const { records, version } = await kept(signal);
      const sites = new Map([
        ...records.sites,
        ...probes(pools).map((host) => [fileNameOf(host.mark), host] as const),
      ]);
      const trial = encodeRecords(
        { records: { ...records, sites }, version: String(Number(version) + 1) },
        version,
      );
      return (await commands.call('test', trial, signal)).complaint;
    },
    async reload(signal) {
      await commands.call('reload', '', signal);
      return untilServed(clock, signal, async () => {
        const { version: written } = await kept(signal);
        const served = (await commands.call('served', '', signal)).stdout.trim() || undefined;
        return { written, served };
      });
    },
    unwritable: async () => undefined,
    close: () => commands.close(),
  };
}

function probes(pools: Pools): ProxyHost[] {
  return pools
    .flatMap(({ first, last }) => [first, last])
    .map((address, n) => ({
      mark: { agent: 'innkeeper-doctor', panel: 'innkeeper-doctor', service: `probe-${n}`, generation: 0 },
      names: [`probe-${n}.innkeeper-doctor.invalid`],
      upstream: { address, port: 80 },
      state: 'enabled',
    }));
}

/**
 * Returns the version that nginx serves: as soon as it is the version that was written, or else when the time limit is
 * reached.
 */
async function untilServed(clock: Clock, signal: AbortSignal, look: () => Promise<Served>): Promise<Served> {
  let found: Served = { written: '', served: undefined };
  for await (const _ of poll({ clock, signal, pauses: LOOK_MS, patienceMs: SERVED_WITHIN_MS })) {
    found = await look();
    if (found.served === found.written) break;
  }
  return found;
}
