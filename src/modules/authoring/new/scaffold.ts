/** What a new module consists of. Each kind of module has a file with its code (`record.ts`, `guest.ts`, ...). */

/** The words of a new module in its files. */
export interface Words {
  readonly type: string;
  /** `acme-mailbox` */
  readonly name: string;
  /** `AcmeMailbox` */
  readonly className: string;
  /** `Acme mailbox` */
  readonly title: string;
  readonly author: string;
  /** Today, as in `2026-01-31`. */
  readonly date: string;
}

/** The parts that differ between the kinds of modules. */
export interface Scaffold {
  /** The text of `module.js`. */
  readonly module: string;
  /** The text of `conformance.js`. */
  readonly conformance: string;
  /** The text of the tests. */
  readonly test: string;
  /** The texts in English and German, by key. */
  readonly texts: {
    readonly en: Readonly<Record<string, string>>;
    readonly de: Readonly<Record<string, string>>;
  };
  /** One paragraph of the README: what the module does. */
  readonly summary: string;
  /** Further files, by path in the folder of the module. */
  readonly files?: Readonly<Record<string, string>>;
}

export type WriteScaffold = (words: Words) => Scaffold;

/** `info` as the code of the module declares it. */
export function infoOf({ type, name, title, author }: Words): string {
  return `  info = {
    type: '${type}',
    name: '${name}',
    title: '${title}',
    description: '${title}',
    version: '1.0.0',
    author: '${author}',
  };`;
}

/** The first lines of a test of a module. */
export function testHead({ type, name, className }: Words, imports: string): string {
  return `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ${imports} } from 'innkeeper/module/testing';
import conformance from '../${type}/${name}/conformance.js';
import ${className} from '../${type}/${name}/module.js';

const folder = fileURLToPath(new URL('../${type}/${name}', import.meta.url));
`;
}
