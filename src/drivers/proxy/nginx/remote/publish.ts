/**
 * Executes one batch on the proxy host. The records that the proxy host stores are authoritative. Each batch sends the
 * whole set of records, which the host tests, stores and loads in one call.
 */
import type { Clock } from '../../../../kernel/clock.js';
import { applyChanges, type Change } from '../changes.js';
import { unreachable } from '../commands.js';
import { findAccepted } from '../bisect.js';
import type { Publishing, Refuse } from '../backend.js';
import type { Records } from '../records.js';
import { waitForReload } from '../wait-for-reload.js';
import type { RemoteCommands } from './commands.js';
import { decodeRecords, encodeRecords, type Kept } from './records-text.js';

const SERVED_PATIENCE_MS = 15_000;

export class RemotePublisher implements Publishing {
  readonly #commands: RemoteCommands;
  readonly #clock: Clock;
  /**
   * Undefined from the start of a batch until the records of the host are known. After a failure, they are read
   * again.
   */
  #kept: Kept | undefined;
  #lastVersion = 0;

  constructor(commands: RemoteCommands, clock: Clock) {
    this.#commands = commands;
    this.#clock = clock;
  }

  async records(): Promise<Records> {
    return (this.#kept ?? (await this.#read())).records;
  }

  async publish<C extends Change>(
    changes: readonly C[],
    refuse: Refuse<C>,
    stop: AbortSignal,
  ): Promise<void> {
    const before = this.#kept ?? (await this.#read(stop));
    this.#kept = undefined;
    const requested = applyChanges(before.records, changes);
    for (const { change, error } of requested.refused) refuse(change, error);
    const after = await this.#settle(before, requested, refuse, stop);
    if (after === before && (await this.#served(stop)) !== before.version)
      await this.#commands.call('reload', '', stop);
    const isServed = await waitForReload(
      () => this.#served(stop),
      after.version,
      this.#clock,
      SERVED_PATIENCE_MS,
      stop,
    );
    if (!isServed) throw unreachable(`nginx does not serve version ${after.version} after its reload`);
    this.#kept = after;
  }

  /**
   * Returns the records that the host has stored after the call. Returns the object `before` if nothing had to be
   * changed.
   */
  async #settle<C extends Change>(
    before: Kept,
    wanted: { readonly records: Records; readonly accepted: readonly C[] },
    refuse: Refuse<C>,
    stop: AbortSignal,
  ): Promise<Kept> {
    const isNew = before.version === '0';
    if (!isNew && same(before.records, wanted.records)) return before;
    const whole = { records: wanted.records, version: this.#nextVersion(before) };
    const complaint = await this.#put(whole, before, stop);
    if (complaint === undefined) return whole;
    const { records } = await findAccepted(before.records, wanted, {
      refuse,
      complaintAbout: async (some) => {
        const text = encodeRecords({ records: some, version: this.#nextVersion(before) }, before.version);
        return (await this.#commands.call('test', text, stop)).complaint;
      },
    });
    if (!isNew && same(before.records, records)) return before;
    const part = { records, version: this.#nextVersion(before) };
    const again = await this.#put(part, before, stop);
    if (again !== undefined)
      throw unreachable(`nginx rejects the configuration that it has just accepted: ${again}`);
    return part;
  }

  async #put(wanted: Kept, before: Kept, stop: AbortSignal): Promise<string | undefined> {
    const { complaint } = await this.#commands.call('put', encodeRecords(wanted, before.version), stop);
    return complaint;
  }

  async #served(stop: AbortSignal): Promise<string> {
    return (await this.#commands.call('served', '', stop)).stdout.trim();
  }

  async #read(stop?: AbortSignal): Promise<Kept> {
    return decodeRecords((await this.#commands.call('get', '', stop)).stdout);
  }

  /** Returns a version that is higher than all earlier ones, so that no two renderings have the same version. */
  #nextVersion({ version }: Kept): string {
    this.#lastVersion = Math.max(this.#lastVersion + 1, Number(version) + 1, this.#clock.now());
    return String(this.#lastVersion);
  }
}

/** Compares the entries by identity, because unchanged entries are the same objects. */
function same(one: Records, other: Records): boolean {
  return sameEntries(one.sites, other.sites) && sameEntries(one.certificates, other.certificates);
}

function sameEntries<K, V>(one: ReadonlyMap<K, V>, other: ReadonlyMap<K, V>): boolean {
  return one.size === other.size && [...one].every(([key, value]) => other.get(key) === value);
}
