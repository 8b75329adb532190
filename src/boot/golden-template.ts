/** Makes golden templates without a daemon: for the command line and the sandbox. */
import type { Logger } from 'pino';
import { openCatalogue } from '../modules/catalogue.js';
import { loadConfig } from '../config/load.js';
import { systemClock } from '../kernel/clock.js';
import { AgentError } from '../kernel/errors.js';
import { execDriver, guestDriver } from '../drivers/build.js';
import { watchCluster } from '../drivers/guest/watch.js';
import { buildTemplate, type BuildTemplateOrder, type BuiltTemplate } from '../templates/build-template.js';
import { type FileLock, holdFile } from '../state/files/file-lock.js';

const clock = systemClock;

export interface TemplateSpec {
  readonly configFile: string;
  /** Of systemd's, where the caller is not the service. */
  readonly credentials?: ReadonlyMap<string, string>;
  /** Name of the product. */
  readonly product: string;
  /** Make a new one although there is one. */
  readonly replace: boolean;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Addresses that services hold: of some of them the cluster shows nothing yet. */
  readonly held?: ReadonlySet<string>;
  readonly progress: NonNullable<BuildTemplateOrder['progress']>;
}

/**
 * Makes a product's golden template with the container host's drivers only, so a daemon may run beside it. Throws as
 * `buildTemplate`, and ConfigError.
 */
export async function makeTemplate(spec: TemplateSpec): Promise<BuiltTemplate[]> {
  const { configFile, credentials = new Map(), log } = spec;
  const config = await loadConfig({ file: configFile, credentials });
  const product = (await openCatalogue(config, configFile, log)).get(spec.product);
  const lock = await onlyBuild(configFile, log);
  const guest = await guestDriver(config, { clock, log });
  const exec = await execDriver(config, { log });
  const watch = watchCluster({ driver: guest, clock, pollMs: config.container_host.poll_s * 1000, log });
  try {
    const isClaimed = (address: string): boolean => spec.held?.has(address) === true;
    return await buildTemplate({ ...spec, config, product, guest, exec, watch, clock, isClaimed });
  } finally {
    watch.close();
    await Promise.all([guest.close(), exec.close()]);
    await lock.release();
  }
}

/**
 * Two builds at once would take each other's container for what an interrupted one left, and lend the same address
 * twice.
 */
async function onlyBuild(configFile: string, log: Logger): Promise<FileLock> {
  const onLost = (reason: string): void => log.warn({ reason }, 'another build is no longer kept out');
  const lock = await holdFile({ file: configFile, patienceS: 0, onLost });
  if (lock) return lock;
  throw new AgentError('service_busy', 'Another template is being built with this configuration.', {
    detail: 'wait for its end, then call again; nothing was done',
  });
}
