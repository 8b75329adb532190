/**
 * Gives the state a new key: both keys open documents from before the first one is rewritten until none needs the old
 * one. A start goes on with what a crash cut off.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { AgentError } from '../../kernel/errors.js';
import type { KeyStatus, StateKeys } from '../contract.js';
import type { Disk } from '../files/disk.js';
import { KEY_FILE, removeFormerKeys, writeFormerKeys } from './former-keys.js';
import type { SecretBox } from './secret-box.js';

/** A store whose documents may hold secrets. */
export interface Resealable {
  /** Writes documents anew whose text `isOld` holds for. Returns how many. */
  reseal(isOld: (text: string) => boolean): Promise<number>;
}

export interface RotationDeps {
  readonly disk: Disk;
  readonly box: SecretBox;
  readonly dir: string;
  readonly stores: readonly Resealable[];
  /** The key is a file of ours; else the operator's. */
  readonly ownFile: boolean;
  readonly warn: (message: string, detail: string) => void;
}

export class KeyRotation implements StateKeys {
  readonly #deps: RotationDeps;
  #work: Promise<void> | undefined;
  #renewing: Promise<void> | undefined;
  #stopped = false;
  #rewritten = 0;
  #neededBy: readonly string[] = [];
  #problem: string | null = null;

  constructor(deps: RotationDeps) {
    this.#deps = deps;
    if (deps.box.formerIds.length > 0) this.#begin();
  }

  status(): KeyStatus {
    const { box, ownFile } = this.#deps;
    return {
      keyId: box.keyId,
      configured: !ownFile,
      formerIds: box.formerIds,
      rewriting: this.#work !== undefined,
      rewritten: this.#rewritten,
      neededBy: this.#neededBy,
      problem: this.#problem,
    };
  }

  async rotate(): Promise<KeyStatus> {
    const { box, ownFile } = this.#deps;
    if (this.#work) return this.status();
    if (box.formerIds.length > 0) this.#begin();
    else if (ownFile) await (this.#renewing ??= this.#renew().finally(() => (this.#renewing = undefined)));
    else
      throw new AgentError(
        'state_key_configured',
        'The key of the state is configured: put a new one into state_key and the present one into state_key_former, and start the agent again; it does the rest.',
      );
    return this.status();
  }

  /** Resolves when nothing is being written; what is left is done after the next start. */
  async idle(): Promise<void> {
    this.#stopped = true;
    await this.#work;
  }

  /** The new key is used only after it is certain to be there again after a power cut. */
  async #renew(): Promise<void> {
    const { disk, box, dir } = this.#deps;
    const next = randomBytes(32);
    await writeFormerKeys(disk, dir, [box.key]);
    await disk.replace(join(dir, KEY_FILE), `${next.toString('base64')}\n`);
    box.use(next);
    this.#begin();
  }

  #begin(): void {
    this.#rewritten = 0;
    this.#work = this.#reseal().finally(() => (this.#work = undefined));
  }

  async #reseal(): Promise<void> {
    const { disk, box, dir, stores, ownFile, warn } = this.#deps;
    try {
      const isOld = (text: string): boolean => !this.#stopped && box.holdsFormer(text);
      for (const store of stores) this.#rewritten += await store.reseal(isOld);
      if (this.#stopped) return;
      this.#neededBy = await this.#damagedOnes();
      this.#problem = null;
      if (this.#neededBy.length > 0) {
        warn('damaged documents still need the former key', this.#neededBy.join(', '));
        return;
      }
      if (ownFile) await removeFormerKeys(disk, dir);
      box.dropFormer();
      warn('nothing needs the former key any more', ownFile ? 'it is removed' : 'remove state_key_former');
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error);
      warn('documents could not be written anew with the new key', this.#problem);
    }
  }

  async #damagedOnes(): Promise<string[]> {
    const { disk, box, dir } = this.#deps;
    const needing: string[] = [];
    for (const name of await disk.list(join(dir, 'damaged'))) {
      const text = await disk.find(join(dir, 'damaged', name)).catch(() => undefined);
      if (text !== undefined && box.holdsFormer(text)) needing.push(`damaged/${name}`);
    }
    return needing;
  }
}
