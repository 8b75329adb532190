/** Checks the file of a module's collection. Only documents that still exist are checked. */
import { DOCUMENT_KEY, partsOfLife } from '../../model/collection.js';
import type { ServiceKey } from '../../model/service.js';
import { textOf, collectionOfFile } from '../collections/collection-folders.js';
import { BatchReader, DamagedCollectionError, type Line, linesOf } from '../collections/collection-lines.js';
import { keyOf, secretNameOf, shellOf } from '../collections/document-text.js';
import { opened } from '../keys/secret-codec.js';

export interface CheckedCollection {
  readonly documents: number;
  /** Sentences without their subject, which is the file. */
  readonly problems: readonly string[];
  readonly services: ReadonlySet<ServiceKey>;
  /** Sealed texts with the names that they are bound to. */
  readonly secrets: readonly { readonly name: string; readonly sealed: string }[];
}

interface Found {
  readonly service: ServiceKey | undefined;
  readonly problem: string | undefined;
  readonly sealed: readonly string[];
}

/** `file`: path below the state folder. Reads `bytes` to their end. */
export async function checkCollection(
  file: string,
  bytes: AsyncIterable<Buffer>,
): Promise<CheckedCollection> {
  const found = new Map<string, Found>();
  const problems: string[] = [];
  const reader = new BatchReader((lines) => lines.forEach((line) => take(found, line)));
  const id = collectionOfFile(file);
  if (!id) problems.push('has a name that does not identify a collection');
  for await (const { bytes: line, offset } of linesOf(bytes))
    try {
      if (problems.length === 0) reader.take(line, offset);
    } catch (error) {
      if (!(error instanceof DamagedCollectionError)) throw error;
      problems.push(error.message);
    }
  if (problems.length === 0) reader.end();
  for (const [key, { problem }] of found)
    if (problem !== undefined) problems.push(`has the document ${key}, which ${problem}`);
  return {
    documents: found.size,
    problems,
    services: new Set([...found.values()].flatMap(({ service }) => service ?? [])),
    secrets: [...found].flatMap(([key, { sealed }]) =>
      sealed.map((text) => ({ name: secretNameOf(id ? textOf(id) : '', key), sealed: text })),
    ),
  };
}

function take(found: Map<string, Found>, { value }: Line): void {
  const key = keyOf(value);
  if (key === undefined) return;
  const shell = shellOf(value);
  if (shell === 'deleted') {
    found.delete(key);
    return;
  }
  const life = shell?.service == null ? undefined : partsOfLife(shell.service);
  const isWhole = shell !== undefined && DOCUMENT_KEY.test(key) && (shell.service === null || life);
  found.set(key, {
    service: life?.service,
    problem: isWhole ? undefined : 'is not complete',
    sealed: sealedIn(value),
  });
}

function sealedIn(value: unknown): string[] {
  const texts: string[] = [];
  opened(structuredClone(value), (text) => {
    texts.push(text);
    return undefined as never;
  });
  return texts;
}
