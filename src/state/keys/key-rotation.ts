/**
 * Rotates the state key. During the rotation, the agent can decrypt documents with both keys: from before the first
 * document is rewritten until no document needs the old key. After a crash, the next start continues the rotation.
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
  /** Rewrites every document for whose text `isOld` returns true. Returns the number of rewritten documents. */
  reseal(isOld: (text: string) => boolean): Promise<number>;
}

export interface RotationDeps {
  readonly disk: Disk;
  readonly box: SecretBox;
  readonly dir: string;
  readonly stores: readonly Resealable[];
  /** True if the key is in the agent's own key file, false if it is configured. */
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
        'The state key is configured: set state_key to a new key and state_key_former to the present one, and restart the agent; it rewrites the state.',
      );
    return this.status();
  }

  /** Resolves when no document is being rewritten. An unfinished rotation continues after the next start. */
  async idle(): Promise<void> {
    this.#stopped = true;
    await this.#work;
  }

  /** Creates the new key. The agent encrypts with the new key only after the key is durable on disk. */
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
      warn('the former key is no longer needed', ownFile ? 'it is removed' : 'remove state_key_former');
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error);
      warn('documents could not be rewritten with the new key', this.#problem);
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
