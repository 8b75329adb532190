import { cp, mkdir, readFile, rename, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { contentHash, MODULE_LIMITS, moduleFiles } from '../../src/modules/content-hash.js';
import { testFolder } from '../test-folder.js';

const tree = {
  'module.js': 'export default class {}',
  lib: { 'a.js': 'a', 'b.json': '{}' },
  lang: { 'en.json': '{}' },
};

/** The hash of a module to which something was done. */
async function changed(
  folder: string,
  name: string,
  change: (dir: string) => Promise<unknown>,
): Promise<string> {
  const dir = join(folder, name);
  await cp(join(folder, 'base'), dir, { recursive: true });
  await change(dir);
  return contentHash(dir);
}

t.test('the hash tells names and contents, and nothing else', async (t) => {
  const folder = testFolder(t, { base: tree });
  const base = await contentHash(join(folder, 'base'));
  t.match(base, /^[0-9a-f]{64}$/);
  const same: Record<string, (dir: string) => Promise<unknown>> = {
    copied: async () => undefined,
    older: (dir) => utimes(join(dir, 'module.js'), 1, 1),
    empty: (dir) => mkdir(join(dir, 'empty')),
    git: async (dir) => {
      await mkdir(join(dir, '.git'));
      await writeFile(join(dir, '.git/HEAD'), 'x');
    },
    edited: async (dir) => {
      for (const name of ['module.js~', '.module.js.swp', '#module.js#', 'module.js.tmp', 'module.js.swp'])
        await writeFile(join(dir, name), 'x');
      await symlink('user@host.1:2', join(dir, '.#module.js'));
    },
  };
  for (const [name, change] of Object.entries(same)) t.equal(await changed(folder, name, change), base, name);
  const other: Record<string, (dir: string) => Promise<unknown>> = {
    byte: (dir) => writeFile(join(dir, 'lib/a.js'), 'b'),
    renamed: (dir) => rename(join(dir, 'lib/a.js'), join(dir, 'lib/c.js')),
    moved: (dir) => rename(join(dir, 'lib/a.js'), join(dir, 'a.js')),
    added: (dir) => writeFile(join(dir, 'lib/c.js'), ''),
    swapped: async (dir) => {
      const [a, b] = await Promise.all(['lib/a.js', 'lib/b.json'].map((file) => readFile(join(dir, file))));
      await writeFile(join(dir, 'lib/a.js'), b ?? '');
      await writeFile(join(dir, 'lib/b.json'), a ?? '');
    },
  };
  const seen = new Set([base]);
  for (const [name, change] of Object.entries(other)) {
    const hash = await changed(folder, name, change);
    t.notOk(seen.has(hash), name);
    seen.add(hash);
  }
});

t.test('a link inside of the folder counts as what it leads to', async (t) => {
  const folder = testFolder(t, { base: { 'module.js': 'x', 'same.js': 'x' } });
  const base = await contentHash(join(folder, 'base'));
  const linked = join(folder, 'linked');
  await mkdir(linked);
  await writeFile(join(linked, 'module.js'), 'x');
  await symlink('module.js', join(linked, 'same.js'));
  t.equal(await contentHash(linked), base);
  await symlink(linked, join(folder, 'whole'));
  t.equal(await contentHash(join(folder, 'whole')), base, 'the folder itself may be a link');
  t.same(
    (await moduleFiles(linked)).map(({ path, bytes }) => [path, bytes]),
    [
      ['module.js', 1],
      ['same.js', 1],
    ],
  );
});

t.test('what cannot be a module is refused with its reason', async (t) => {
  const folder = testFolder(t, { base: tree, beside: { 'x.js': '' }, 'base-2': { 'x.js': '' } });
  const refused: readonly (readonly [string, (dir: string) => Promise<unknown>, RegExp])[] = [
    [
      'out',
      (at) => symlink('/etc/hostname', join(at, 'name')),
      /^name is a link to a file outside of the folder$/,
    ],
    [
      'up',
      (at) => symlink('../beside', join(at, 'lib/up')),
      /lib\/up is a link to a file outside of the folder|broken link/,
    ],
    [
      'twin',
      (at) => symlink('../base-2', join(at, 'base-2')),
      /base-2 is a link to a file outside of the folder/,
    ],
    ['dangling', (at) => symlink('nowhere', join(at, 'gone')), /gone cannot be read, or is a broken link/],
    ['cycle', (at) => symlink('.', join(at, 'lib/again')), /nested too deeply|longer than/],
    ['addon', (at) => writeFile(join(at, 'lib/x.NODE'), ''), /lib\/x\.NODE is a native add-on/],
    [
      'kit',
      (at) => mkdir(join(at, 'node_modules/innkeeper'), { recursive: true }),
      /node_modules\/innkeeper is part of the agent/,
    ],
    ['name', (at) => writeFile(join(at, 'a\nb'), ''), /"a\\nb" is not an allowed file name/],
    [
      'fifo',
      async (at) => void execFileSync('mkfifo', [join(at, 'pipe')]),
      /pipe is neither a file nor a folder/,
    ],
    [
      'large',
      async (at) => {
        await writeFile(join(at, 'data'), '');
        await truncate(join(at, 'data'), MODULE_LIMITS.bytes);
      },
      /larger than 64 MiB/,
    ],
  ];
  for (const [name, change, message] of refused)
    await t.rejects(changed(folder, name, change), { message }, name);
  await t.rejects(moduleFiles(join(folder, 'base'), { ...MODULE_LIMITS, files: 3 }), /more than 3 files/);
  await t.rejects(contentHash(join(folder, 'absent')), { code: 'ENOENT' });
});
