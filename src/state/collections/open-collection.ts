/** Opens a collection of a module. */
import type { CollectionShape } from '../../model/collection.js';
import type { Disk } from '../files/disk.js';
import type { SecretBox } from '../keys/secret-box.js';
import { CollectionFiles } from './collection-files.js';
import type { CollectionFile } from './collection-file.js';
import { Collection } from './collection.js';
import { DocumentTexts } from './document-text.js';
import type { Misfits } from './load-collection.js';

export interface OpenOptions {
  readonly disk: Disk;
  readonly box: SecretBox;
  /** The collection's own folder. */
  readonly folder: string;
  /** `<type>/<name>/<collection>` */
  readonly id: string;
  readonly shape: CollectionShape;
  /** RFC 3339 */
  readonly now: () => string;
}

export interface Opened {
  readonly collection: Collection;
  /** Documents that do not fit the declared indexes. */
  readonly misfits: Misfits;
  readonly files: CollectionFiles;
  readonly file: CollectionFile;
  readonly texts: DocumentTexts;
}

/** Throws the file system's error when the file cannot be read. */
export async function openCollection({ disk, box, folder, id, shape, now }: OpenOptions): Promise<Opened> {
  const files = new CollectionFiles(disk, folder);
  const texts = new DocumentTexts(id, box);
  const { file, index, misfits } = await files.load(shape);
  return {
    collection: new Collection({ shape, files, file, index, texts, now }),
    misfits,
    files,
    file,
    texts,
  };
}
