import { createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import t, { type Test } from 'tap';
import { systemClock } from '../../../src/kernel/clock.js';
import { Secret } from '../../../src/kernel/secret.js';
import { contentHash } from '../../../src/modules/content-hash.js';
import { copyModule } from '../../../src/modules/copy-module.js';
import { openState } from '../../../src/state/open.js';
import { isStatePath } from '../../../src/state/transfer/bundle.js';
import { importState } from '../../../src/state/transfer/import.js';
import { verifyFile, verifyFolder } from '../../../src/state/transfer/verify.js';
import { aJob, aService } from '../../fakes/samples.js';
import { testFolder } from '../../test-folder.js';

const KEY = Buffer.alloc(32, 7);
const FILES = {
  'module.js': 'export default class {}',
  'package.json': '{ not JSON, and nobody minds',
  'logo.png': Buffer.from([0xff, 0xfe, 0, 1]),
  node_modules: { '@scope': { 'a b': { 'ä.js': '' } } },
};

/** A state with a copy, and a job that pins it. */
async function withCopy(t: Test): Promise<{ dir: string; hash: string; copy: string }> {
  const base = testFolder(t, { source: FILES });
  const dir = join(base, 'state');
  const hash = await contentHash(join(base, 'source'));
  const copies = join(dir, 'modules/product/shop');
  await mkdir(copies, { recursive: true, mode: 0o700 });
  await copyModule(join(base, 'source'), copies, hash);
  const state = await openState({ dir, key: KEY, clock: systemClock });
  const job = aJob({});
  const module = { type: 'product', name: 'shop', version: '1.0.0', hash };
  await state.services.commit('default/12', () =>
    aService({ jobs: [{ ...job, pinned: { ...job.pinned, module } }] }),
  );
  await state.close();
  return { dir, hash, copy: join(copies, hash) };
}

async function exported(dir: string, file: string): Promise<void> {
  const state = await openState({ dir, key: KEY, clock: systemClock });
  await pipeline(
    await state.exportCopy({ agent: 'a1', withKey: false }),
    createGzip(),
    createWriteStream(file),
  );
  await state.close();
}

const problems = async (found: ReturnType<typeof verifyFolder>): Promise<string[]> =>
  (await found).findings.map(({ file, problem }) => `${file}: ${problem}`);

t.test('an export holds the code that its jobs pin, and an import brings it back', async (t) => {
  const { dir, hash } = await withCopy(t);
  const file = join(dir, '..', 'state.tar.gz');
  await exported(dir, file);
  t.same(await problems(verifyFolder(dir, [KEY])), []);
  t.same(await problems(verifyFile(file, [KEY])), []);
  const restored = join(dir, '..', 'restored');
  await importState({
    file,
    config: { agent: { id: 'a1', state_dir: restored }, state_key: new Secret(KEY.toString('base64')) },
  });
  const copy = join(restored, 'modules/product/shop', hash);
  t.equal(await contentHash(copy), hash);
  t.same(await readFile(join(copy, 'logo.png')), FILES['logo.png']);
  t.same(await problems(verifyFolder(restored, [KEY])), []);
});

t.test('a copy that was changed or is missing is named, in the folder and in an export', async (t) => {
  const breaks: readonly (readonly [string, (copy: string) => Promise<void>, RegExp])[] = [
    [
      'changed',
      (copy) => writeFile(join(copy, 'module.js'), 'other'),
      /^modules\/product\/shop\/[0-9a-f]{64}: its files do not match/,
    ],
    ['added', (copy) => writeFile(join(copy, 'more.js'), ''), /its files do not match the hash/],
    ['cut', (copy) => rm(join(copy, 'logo.png')), /its files do not match the hash/],
    [
      'missing',
      (copy) => rm(copy, { recursive: true }),
      /^services\/.*needs version [0-9a-f]{64} of product\/shop, but this version has no copy$/,
    ],
  ];
  for (const [name, damage, said] of breaks)
    await t.test(name, async (t) => {
      const { dir, copy } = await withCopy(t);
      await damage(copy);
      const found = await problems(verifyFolder(dir, [KEY]));
      t.equal(found.length, 1);
      t.match(found[0], said);
      const file = join(dir, '..', 'state.tar.gz');
      await exported(dir, file);
      t.same(await problems(verifyFile(file, [KEY])), found);
    });
});

t.test('what is not whole is not exported', async (t) => {
  const { dir, copy } = await withCopy(t);
  await mkdir(join(copy, '../.making-x'));
  await writeFile(join(copy, '../.making-x/module.js'), '');
  await exported(dir, join(dir, '..', 'state.tar.gz'));
  t.same(await problems(verifyFolder(dir, [KEY])), []);
  t.ok((await readdir(join(copy, '..'))).includes('.making-x'));
});

t.test('only paths of copies are part of a state', (t) => {
  const copy = `modules/product/shop/${'a'.repeat(64)}`;
  const good = ['module.js', 'node_modules/@a/b c/ä.js', 'x+y (1).css', `${'d/'.repeat(100)}x`];
  const bad = ['', '../x', 'a/../x', 'a//b', '.git/x', 'a/.b', 'a\nb', 'a\\b', '/x', 'x'.repeat(256)];
  for (const path of good) t.equal(isStatePath(`${copy}/${path}`), true, path);
  for (const path of bad) t.equal(isStatePath(`${copy}/${path}`), false, JSON.stringify(path));
  for (const path of ['modules/x', 'modules/product/shop/1.0.0/x.js', 'modules/product/../x/y', copy])
    t.equal(isStatePath(path), false, path);
  t.end();
});
