/** Writes the files of a new module, which works and is tested, for its author to change. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { MODULE_TYPES, type ModuleType } from '../../../model/module-view.js';
import { findModules, shippedModules } from '../../loader.js';
import { guestScaffold } from './guest.js';
import { hostedScaffold } from './hosted.js';
import { notificationScaffold } from './notification.js';
import { paymentScaffold } from './payment.js';
import { pluginScaffold } from './plugin.js';
import { recordScaffold } from './record.js';
import { remoteScaffold } from './remote.js';
import type { Scaffold, Words, WriteScaffold } from './scaffold.js';

/** The kinds of products, by the word that the command line uses. */
const PRODUCT_KINDS = {
  record: recordScaffold,
  guest: guestScaffold,
  hosted: hostedScaffold,
  remote: remoteScaffold,
} as const satisfies Readonly<Record<string, WriteScaffold>>;
export type ProductKind = keyof typeof PRODUCT_KINDS;
export const DEFAULT_KIND: ProductKind = 'record';

const OTHER_TYPES: Readonly<Record<Exclude<ModuleType, 'product'>, WriteScaffold>> = {
  plugin: pluginScaffold,
  notification: notificationScaffold,
  payment: paymentScaffold,
};

export interface NewModule {
  readonly type: string;
  readonly name: string;
  readonly kind?: string | undefined;
  /** The folder of the author's project. */
  readonly dir: string;
  readonly author: string;
  readonly now: Date;
}

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const LONGEST_NAME = 64;

/**
 * Returns the paths of the written files, relative to `dir`. Throws an Error for the author if it cannot write all.
 */
export async function writeModule(wanted: NewModule): Promise<string[]> {
  const write = scaffoldOf(wanted);
  await refuseName(wanted);
  const { type, name } = wanted;
  const dir = resolve(wanted.dir);
  const at = join(type, name);
  if (await isUsed(join(dir, at))) throw new Error(`${join(dir, at)} is not empty`);
  const words = wordsOf(wanted);
  const files = Object.entries(filesOf(words, write(words)))
    .map(([path, text]): [string, string] => [join(dir, at, path), text])
    .concat([[join(dir, 'test', `${type}-${name}.test.js`), write(words).test]]);
  const project = join(dir, 'package.json');
  if (!existsSync(project)) files.push([project, PROJECT]);
  const taken = files.find(([path]) => existsSync(path));
  if (taken) throw new Error(`${taken[0]} exists already`);
  for (const [path, text] of files) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text, { flag: 'wx' });
  }
  return files.map(([path]) => relative(dir, path)).sort();
}

function scaffoldOf({ type, kind }: NewModule): WriteScaffold {
  if (type === 'product') {
    const wanted = kind ?? DEFAULT_KIND;
    if (Object.hasOwn(PRODUCT_KINDS, wanted)) return PRODUCT_KINDS[wanted as ProductKind];
    throw new Error(`unknown kind "${wanted}": choose ${Object.keys(PRODUCT_KINDS).join(', ')}`);
  }
  if (!Object.hasOwn(OTHER_TYPES, type))
    throw new Error(`unknown type "${type}": choose ${MODULE_TYPES.join(', ')}`);
  if (kind !== undefined) throw new Error('only products have a kind');
  return OTHER_TYPES[type as keyof typeof OTHER_TYPES];
}

async function refuseName({ type, name }: NewModule): Promise<void> {
  if (!NAME.test(name) || name.length > LONGEST_NAME)
    throw new Error(
      `"${name}" is not a valid name: use up to ${LONGEST_NAME} lower-case letters, digits and hyphens, beginning ` +
        'with a letter',
    );
  const shipped = await findModules([shippedModules()]);
  if (shipped.some((one) => one.type === type && one.name === name))
    throw new Error(
      `${type}/${name} is shipped with the agent: choose a name with your prefix, such as acme-${name}`,
    );
}

async function isUsed(folder: string): Promise<boolean> {
  return existsSync(folder) && (await readdir(folder)).length > 0;
}

function wordsOf({ type, name, author, now }: NewModule): Words {
  const parts = name.split('-');
  const capital = (word: string): string => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`;
  return {
    ...{ type, name, className: parts.map(capital).join(''), title: capital(parts.join(' ')) },
    author: author.replace(/[^\p{L}\p{N} .,&@+-]/gu, '').trim() || 'Unknown',
    date: now.toISOString().slice(0, 10),
  };
}

const PROJECT = `${JSON.stringify({ private: true, type: 'module', scripts: { test: 'node --test' } }, undefined, 2)}\n`;

function filesOf(
  words: Words,
  { module, conformance, texts, summary, files = {} }: Scaffold,
): Record<string, string> {
  const json = (value: object): string => `${JSON.stringify(value, undefined, 2)}\n`;
  return {
    'package.json': json({ private: true, type: 'module' }),
    'module.js': module,
    'conformance.js': conformance,
    'lang/en.json': json(texts.en),
    'lang/de.json': json(texts.de),
    'README.md': readmeOf(words, summary),
    'CHANGELOG.md': `# Changelog\n\n## 1.0.0 - ${words.date}\n\n- First version.\n`,
    ...files,
  };
}

function readmeOf({ type, name, title }: Words, summary: string): string {
  const test = `npm test
npx innkeeper module check ${type}/${name}
npx innkeeper module pack ${type}/${name}`;
  return `# ${title}

${summary}

## Settings

\`innkeeper module show ${type}/${name}\` lists the settings with their defaults.

## Development

\`\`\`sh
${test}
\`\`\`
`;
}
