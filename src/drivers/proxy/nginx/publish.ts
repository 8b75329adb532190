/**
 * Executes one batch: finds the changes that nginx accepts, saves them, and makes nginx serve them. Because of this
 * order, the agent can crash at any point: the next start finds valid records and renders them.
 */
import type { Clock } from '../../../kernel/clock.js';
import type { DriverLog } from '../../shared/log.js';
import { applyChanges, type Change } from './changes.js';
import { reload, testConfiguration, unreachable } from './commands.js';
import { findAccepted, type Tested } from './bisect.js';
import type { Publishing, Refuse } from './backend.js';
import { fileNameOf } from './record.js';
import type { NginxConfig } from './config.js';
import {
  makeRendering,
  readRendering,
  type Rendering,
  writePages,
  writeRendering,
  writeVersion,
} from './rendering.js';
import { readVersion, type ReadVersion, waitForReload } from './wait-for-reload.js';
import { loadRecords, prepareRecords, type Records, saveRecords } from './records.js';

export interface PublishDeps {
  readonly clock: Clock;
  readonly log: DriverLog;
}

/** The records and the rendering on disk. */
export interface OnDisk {
  readonly records: Records;
  readonly damaged: ReadonlyMap<string, string>;
  readonly rendering: Rendering;
}

interface Batch<C extends Change> {
  readonly refuse: Refuse<C>;
  readonly stop: AbortSignal;
}

/** How long nginx may take after a reload to serve the new rendering. */
const SERVED_PATIENCE_MS = 15_000;

export class Publisher implements Publishing {
  readonly #config: NginxConfig;
  readonly #deps: PublishDeps;
  readonly #ask: ReadVersion;
  #disk: OnDisk | undefined;
  /**
   * True from the start of a batch until it is known what is on the disk. If the batch fails, this stays true, and the
   * files are read again.
   */
  #inDoubt = true;
  #lastVersion = 0;

  constructor(config: NginxConfig, deps: PublishDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#ask = readVersion(config.status_port);
  }

  async records(): Promise<Records> {
    return (this.#disk ?? (await this.#read())).records;
  }

  /**
   * Resolves when nginx serves every change that it did not reject. Throws `proxy_unreachable` if nginx does not serve
   * them; this error applies to all changes that nginx did not reject. When `stop` aborts, all waits end, and the
   * changes that were saved by then are loaded at the next start.
   */
  async publish<C extends Change>(
    changes: readonly C[],
    refuse: Refuse<C>,
    stop: AbortSignal,
  ): Promise<void> {
    const before = this.#disk && !this.#inDoubt ? this.#disk : await this.#prepare();
    this.#inDoubt = true;
    const served = (await this.#ask()) === before.rendering.version;
    const { rendering, records, accepted } = await this.#accept(before, changes, served, { refuse, stop });
    const damaged = new Map(before.damaged);
    const gone = accepted.flatMap((change) => filesOf(change)).filter((file) => damaged.delete(file));
    const isNew = rendering !== before.rendering;
    try {
      await saveRecords(this.#config.dir, before.records, records, gone);
    } catch (error) {
      if (isNew) await writeRendering(this.#config, before.rendering);
      throw error;
    }
    if (isNew) await writeVersion(this.#config, rendering.version);
    this.#disk = { records, damaged, rendering };
    this.#inDoubt = false;
    if (isNew || !served) await this.#load(rendering.version, stop);
  }

  /**
   * Finds the changes that nginx accepts. Returns them with the rendering that was tested and is on disk. If nginx
   * does not have to load anything, this is the previous rendering object.
   */
  async #accept<C extends Change>(
    before: OnDisk,
    changes: readonly C[],
    served: boolean,
    batch: Batch<C>,
  ): Promise<Tested<C> & { rendering: Rendering }> {
    const requested = applyChanges(before.records, changes);
    for (const { change, error } of requested.refused) batch.refuse(change, error);
    if (served && this.#isCurrent(before, requested.records))
      return { ...requested, rendering: before.rendering };
    try {
      const tested = await this.#test(before, requested, batch);
      const rendering = this.#isCurrent(before, tested.records)
        ? before.rendering
        : makeRendering(this.#config, tested.records, this.#nextVersion());
      await writeRendering(this.#config, rendering);
      return { ...tested, rendering };
    } catch (error) {
      await writeRendering(this.#config, before.rendering);
      throw error;
    }
  }

  #isCurrent({ rendering }: OnDisk, records: Records): boolean {
    return makeRendering(this.#config, records, rendering.version).text === rendering.text;
  }

  async #test<C extends Change>(
    before: OnDisk,
    wanted: Tested<C>,
    { refuse, stop }: Batch<C>,
  ): Promise<Tested<C>> {
    const complaintAbout = (records: Records): Promise<string | undefined> => this.#try(records, stop);
    const complaint = await complaintAbout(wanted.records);
    return complaint === undefined
      ? wanted
      : findAccepted(before.records, wanted, { complaintAbout, refuse });
  }

  async #try(records: Records, stop: AbortSignal): Promise<string | undefined> {
    await writeRendering(this.#config, makeRendering(this.#config, records, this.#nextVersion()));
    return testConfiguration(this.#config.test, stop);
  }

  async #load(version: string, stop: AbortSignal): Promise<void> {
    const started = this.#deps.clock.monotonic();
    await reload(this.#config.reload, stop);
    if (!(await waitForReload(this.#ask, version, this.#deps.clock, SERVED_PATIENCE_MS, stop))) {
      const found = (await this.#ask()) ?? 'nothing';
      throw unreachable(
        `after the reload, nginx serves ${found} on the status port instead of version ${version}`,
      );
    }
    const ms = this.#deps.clock.monotonic() - started;
    this.#deps.log.debug(
      { version, ms, sites: this.#disk?.records.sites.size },
      'the reverse proxy serves a new version of its configuration',
    );
  }

  async #prepare(): Promise<OnDisk> {
    await writePages(this.#config);
    await prepareRecords(this.#config.dir);
    const disk = await this.#read();
    for (const [file, problem] of disk.damaged) {
      this.#deps.log.error({ file, problem }, 'a proxy record is damaged and is not served');
    }
    this.#lastVersion = Math.max(this.#lastVersion, Number(disk.rendering.version));
    this.#disk = disk;
    return disk;
  }

  async #read(): Promise<OnDisk> {
    return { ...(await loadRecords(this.#config.dir)), rendering: await readRendering(this.#config) };
  }

  /**
   * Returns a version that is higher than all earlier ones, so that no two renderings have the same version. This
   * works even if the folder with the earlier renderings was lost.
   */
  #nextVersion(): string {
    this.#lastVersion = Math.max(this.#lastVersion + 1, this.#deps.clock.now());
    return String(this.#lastVersion);
  }
}

function filesOf(change: Change): string[] {
  if (change.kind === 'put') return [fileNameOf(change.host.mark)];
  return change.kind === 'remove' ? [fileNameOf(change.mark)] : [];
}
