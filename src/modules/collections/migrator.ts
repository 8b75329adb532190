/** Runs a module's migrations in a child process with limits, one chunk of documents at a time. */
import { within } from '../../kernel/async/within.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import { Secret } from '../../kernel/secret.js';
import { cleaned } from '../../kernel/text.js';
import type { CollectionData, CollectionDocument, MigratedDocument } from '../../model/collection.js';
import { shownDocument } from '../../jobs/effects/collection-secrets.js';
import { openProcess, type ProcessOptions } from '../../jobs/engine/processes.js';
import type { DeclaredCollection } from '../kit/declarations.js';
import type { ToMigrator } from './migration-messages.js';
import { isFields } from '../../kernel/is-fields.js';

export interface Migrator {
  /** Throws an Error that says why the documents cannot be migrated. */
  change(chunk: readonly CollectionDocument[], done: number): Promise<MigratedDocument[]>;
  /** Ends the process. */
  close(): Promise<void>;
}

export interface MigratorOptions {
  readonly process: ProcessOptions;
  /** Path of the module's `module.js`. */
  readonly path: string;
  readonly collection: string;
  readonly declared: DeclaredCollection;
}

const NOTHING: Readonly<Record<string, unknown>> = {};
/** The module may take this long for a chunk of up to 100 documents. */
const CHUNK_MS = 60_000;

export async function openMigrator({
  process,
  path,
  collection,
  declared,
}: MigratorOptions): Promise<Migrator> {
  let onAnswer: (message: unknown) => void = () => {};
  const running = await openProcess<ToMigrator>(process, (message) => onAnswer(message));
  const gone = running.gone.then((error) => ({
    problem: error?.message ?? 'the process that migrates the documents ended',
  }));
  let id = 0;
  return {
    async change(chunk, done) {
      id += 1;
      const answered = new Promise<unknown>((resolve) => (onAnswer = resolve));
      const documents = chunk.map((document) => shownDocument(collection, document));
      running.send({ id, path, collection, documents, done });
      const answer = await within(Promise.race([answered, gone]), CHUNK_MS);
      if (answer === undefined)
        throw new Error(`${collection}: a batch of documents was not migrated within ${CHUNK_MS / 1000} s`);
      const data = dataIn(answer, id, chunk.length);
      return chunk.flatMap((document, index): MigratedDocument[] => {
        const next = data[index];
        if (!next) return [];
        const { key, service } = document;
        return [{ key, service, data: storedData(collection, declared, document, next) }];
      });
    },
    close: () => running.terminate(),
  };
}

/** The answer comes from another author's code. Throws an Error with the problem that it names. */
function dataIn(answer: unknown, id: number, count: number): readonly (JsonObject | null)[] {
  const { data, problem, ...said } = isFields(answer) ? answer : NOTHING;
  if (typeof problem === 'string') throw new Error(cleaned(problem));
  const isWhole = said['id'] === id && Array.isArray(data) && data.length === count;
  if (!isWhole || !data.every((one) => one === null || isFields(one)))
    throw new Error('the process that migrates the documents returned invalid data');
  return data as readonly (JsonObject | null)[];
}

/** The data with the document's own secrets in place of the references to them. */
function storedData(
  collection: string,
  { encrypted }: DeclaredCollection,
  document: CollectionDocument,
  data: JsonObject,
): CollectionData {
  const known = new Map<string, Json | Secret | undefined>(
    Object.entries(shownDocument(collection, document).data).flatMap(([field, shown]) =>
      isFields(shown) && typeof shown['secret'] === 'string' ? [[shown['secret'], document.data[field]]] : [],
    ),
  );
  const stored: Record<string, Json | Secret> = { ...data };
  for (const field of encrypted) {
    const value = data[field];
    if (value === undefined || value === null) continue;
    const secret = typeof value === 'string' ? new Secret(value) : known.get(referenceIn(value));
    if (!(secret instanceof Secret))
      throw new Error(`${field} of the document ${document.key} refers to a secret of another document`);
    stored[field] = secret;
  }
  return stored;
}

function referenceIn(value: Json): string {
  const secret = isFields(value) ? value['secret'] : undefined;
  return typeof secret === 'string' ? secret : '';
}
