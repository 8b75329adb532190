/** Builds golden templates without a daemon, for the command line and the sandbox. */
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
  /** The credentials that systemd passes to the service. A caller that is not the service has to provide them here. */
  readonly credentials?: ReadonlyMap<string, string>;
  /** Name of the product. */
  readonly product: string;
  /** True to build a new template even if a template exists. */
  readonly replace: boolean;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /**
   * The addresses that services use. The build needs them because the cluster may not show all of these addresses yet.
   */
  readonly held?: ReadonlySet<string>;
  readonly progress: NonNullable<BuildTemplateOrder['progress']>;
}

/**
 * Builds a product's golden template. This uses only the drivers of the container host, so a daemon may run at the
 * same time. Throws the errors of `buildTemplate`, and ConfigError.
 */
export async function makeTemplate(spec: TemplateSpec): Promise<BuiltTemplate[]> {
  const { configFile, credentials = new Map(), log } = spec;
  const config = await loadConfig({ file: configFile, credentials });
  const product = (await openCatalogue(config, configFile, log)).products.get(spec.product);
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
 * Only one build may run at a time. A concurrent build would remove the container of this build, because it would
 * treat that container as the remains of an interrupted build. It would also use the same temporary address.
 */
async function onlyBuild(configFile: string, log: Logger): Promise<FileLock> {
  const onLost = (reason: string): void =>
    log.warn({ reason }, 'lost the lock that prevents parallel builds');
  const lock = await holdFile({ file: configFile, patienceS: 0, onLost });
  if (lock) return lock;
  throw new AgentError('service_busy', 'Another template build is running with this configuration.', {
    detail: 'Nothing was changed. Run the command again after the other build has ended.',
  });
}
