/**
 * The lowdb adapter of all documents. A document is a JSON file, whose content is checked when it is read and when it
 * is written. After a crash the file has either the old or the new content.
 */
import type { Adapter } from 'lowdb';
import { AgentError } from '../../kernel/errors.js';
import type { Secret } from '../../kernel/secret.js';
import type { Disk } from '../files/disk.js';
import { NewerDocumentError, downgradeRefused, migrate, type DocumentVersion } from './migrations.js';
import { OtherKeyError, type SecretBox } from '../keys/secret-box.js';
import { frozenCopy, opened, sealed } from '../keys/secret-codec.js';

/** The common properties of all documents of a kind. */
export interface DocumentKind<T> {
  readonly name: string;
  readonly version: DocumentVersion;
  /** Type guard for a value of the current version, with secrets as `Secret`. */
  readonly fits: (value: unknown) => value is T;
  /**
   * Describes to operators where a value does not fit the schema. The description contains no values, which may be
   * private.
   */
  readonly misfit: (value: unknown) => string;
}

export class DamagedDocumentError extends Error {
  override readonly name = 'DamagedDocumentError';
  /**
   * The text of the file as far as it could be read. The claims in a damaged document are found by searching this text.
   */
  readonly text: string;
  readonly otherKey: boolean;

  constructor(problem: string, text: string, otherKey = false) {
    super(problem);
    this.text = text;
    this.otherKey = otherKey;
  }
}

export class DocumentAdapter<T extends object> implements Adapter<T | null> {
  readonly #disk: Disk;
  readonly #box: SecretBox;
  readonly #kind: DocumentKind<T>;
  readonly #path: string;
  readonly #id: string;

  /** `id` identifies the document within its kind. The document's secrets are bound to it. */
  constructor(disk: Disk, box: SecretBox, kind: DocumentKind<T>, id: string, path: string) {
    this.#disk = disk;
    this.#box = box;
    this.#kind = kind;
    this.#path = path;
    this.#id = id;
  }

  /**
   * Null when the file does not exist. Throws DamagedDocumentError, or AgentError `state_unavailable` for a document
   * of a newer release.
   */
  async read(): Promise<T | null> {
    const text = await this.#disk.find(this.#path);
    return text === undefined ? null : this.parse(text);
  }

  /** Does nothing if the value is null, which is lowdb's value for a missing document. */
  async write(value: T | null): Promise<void> {
    if (value === null) return;
    const plain = sealed(value, (secret) => this.#box.seal(nameOf(this.#kind, this.#id), secret));
    await this.#disk.replace(this.#path, `${JSON.stringify(plain, null, 1)}\n`);
  }

  /**
   * A frozen copy of the value in the current version. The copy is checked against the schema before it is written, so
   * that a later read cannot fail. Throws `internal_error`.
   */
  checked(value: T): T {
    const copy = frozenCopy({ ...value, schema: this.#kind.version.current });
    if (this.#kind.fits(copy)) return copy;
    throw new AgentError(
      'internal_error',
      'An internal error in the agent prevented the change from being recorded.',
      {
        detail: `the new ${nameOf(this.#kind, this.#id)} does not fit its schema: ${this.#kind.misfit(copy)}`,
      },
    );
  }

  parse(text: string): T {
    try {
      return parseDocument(this.#kind, this.#id, text, (name, boxed) => this.#box.open(name, boxed));
    } catch (error) {
      if (error instanceof NewerDocumentError) throw downgradeRefused(this.#path, error);
      const problem = error instanceof Error ? error.message : String(error);
      throw new DamagedDocumentError(problem, text, error instanceof OtherKeyError);
    }
  }
}

/**
 * Parses, migrates and freezes a document. `open` decrypts a secret. It gets the document's name, because each secret
 * can be decrypted only with the name of its document. Throws NewerDocumentError, or an Error that says what is wrong.
 */
export function parseDocument<T>(
  kind: DocumentKind<T>,
  id: string,
  text: string,
  open: (name: string, boxed: string) => Secret,
): T {
  const raw = migrate(parseJson(text), kind.version);
  const value = opened(raw, (boxed) => open(nameOf(kind, id), boxed));
  if (kind.fits(value)) return value;
  throw new Error(`it does not match its schema: ${kind.misfit(value)}`);
}

function nameOf(kind: { readonly name: string }, id: string): string {
  return `${kind.name}:${id}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // the parser's own message quotes the text, which may be private
    throw new Error('it is not complete JSON');
  }
}
