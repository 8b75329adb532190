import { access, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { contentHash } from '../../src/modules/content-hash.js';
import { copyModule } from '../../src/modules/copy-module.js';
import { type InstalledModule, type ModuleVersions, moduleVersions } from '../../src/modules/versions.js';
import { testFolder } from '../test-folder.js';

const info = { type: 'product', name: 'shop' };
const pinnedAs = (hash?: string) => ({ ...info, version: '1.0.0', ...(hash === undefined ? {} : { hash }) });

interface House {
  readonly state: string;
  readonly source: string;
  readonly copies: string;
  readonly versions: ModuleVersions;
  readonly installed: InstalledModule[];
  /** Writes the module's code, and installs it as it is then. */
  readonly install: (code: string) => Promise<string>;
}

async function house(t: Test): Promise<House> {
  const dir = testFolder(t, {
    state: {},
    source: { 'module.js': '', lib: { 'a.js': 'a' }, '.git': { HEAD: 'x' } },
  });
  const [state, source] = [join(dir, 'state'), join(dir, 'source')];
  const installed: InstalledModule[] = [];
  return {
    state,
    source,
    copies: join(state, 'modules/product/shop'),
    versions: moduleVersions(state, () => installed),
    installed,
    async install(code) {
      await writeFile(join(source, 'module.js'), code);
      const hash = await contentHash(source);
      installed.splice(0, 1, { info, path: join(source, 'module.js'), hash });
      return hash;
    },
  };
}

t.test('a job runs the code that it pinned, whatever lies in the folder by then', async (t) => {
  const { versions, install, installed, source, copies } = await house(t);
  const first = await install('first');
  for (const module of installed) await versions.keep(module);
  const second = await install('second');
  for (const module of installed) await versions.keep(module);
  for (const [hash, code] of [
    [first, 'first'],
    [second, 'second'],
  ] as const) {
    const place = await versions.placeOf(pinnedAs(hash));
    t.same(place, { path: join(copies, hash, 'module.js'), hash });
    t.equal(await readFile(place.path, 'utf8'), code);
    t.equal(await contentHash(dirname(place.path)), hash);
  }
  t.equal(
    (await versions.placeOf(pinnedAs())).path,
    join(copies, second, 'module.js'),
    'a job of an older release',
  );
  t.same(await readdir(join(copies, first)), ['lib', 'module.js'], 'and nothing of a repository');
  t.equal((await stat(join(copies, first, 'module.js'))).mode & 0o777, 0o600);
  await rm(source, { recursive: true });
  t.equal(
    await readFile((await versions.placeOf(pinnedAs(second))).path, 'utf8'),
    'second',
    'the folder is gone',
  );
});

t.test('a shipped module runs as it is in this release, whatever was pinned', async (t) => {
  const { versions, installed } = await house(t);
  installed.push({ info, path: '/agent/modules/product/shop/module.js', hash: null });
  await Promise.all(installed.map((module) => versions.keep(module)));
  const ours = { path: '/agent/modules/product/shop/module.js', hash: null };
  t.same(await versions.placeOf(pinnedAs()), ours);
  t.same(await versions.placeOf(pinnedAs('a'.repeat(64))), ours);
});

t.test('code that is not there is waited for, and a copy that was lost is made again', async (t) => {
  const { versions, install, installed, copies } = await house(t);
  const waits = { code: 'unknown_module', failure: 'unreachable', retryable: true };
  await t.rejects(versions.placeOf(pinnedAs()), { ...waits, detail: /"shop" is not installed/ });
  await t.rejects(versions.placeOf(pinnedAs('b'.repeat(64))), {
    ...waits,
    detail: /no longer exists: .*bbbb/,
  });
  const hash = await install('first');
  t.equal(
    await readFile((await versions.placeOf(pinnedAs(hash))).path, 'utf8'),
    'first',
    'made when it is needed',
  );
  await rm(copies, { recursive: true });
  await Promise.all([versions.placeOf(pinnedAs(hash)), versions.placeOf(pinnedAs(hash))]);
  await access(join(copies, hash, 'module.js'));
  await install('second');
  await rm(copies, { recursive: true });
  await t.rejects(versions.placeOf(pinnedAs(hash)), waits, 'other code is no substitute');
  const [now] = installed;
  await writeFile(now?.path ?? '', 'changed since');
  await t.rejects(versions.placeOf(pinnedAs(now?.hash ?? '')), {
    ...waits,
    detail: /have changed in the meantime/,
  });
  t.same(await readdir(copies), [], 'nothing half made is left');
});

t.test('a copy that a crash cut off is made again, and never taken for whole', async (t) => {
  const { source, copies, install, versions } = await house(t);
  const hash = await install('first');
  await mkdir(join(copies, `.making-${hash}`), { recursive: true });
  await writeFile(join(copies, `.making-${hash}`, 'module.js'), 'fir');
  await copyModule(source, copies, hash);
  t.same(await readdir(copies), [hash]);
  await mkdir(join(copies, '.making-other'));
  t.same(await versions.sweep([]), []);
  t.same(await readdir(copies), [hash]);
});

t.test('copies stay while a job pins them or the module is installed', async (t) => {
  const { versions, install, installed, copies, state } = await house(t);
  t.same(await versions.sweep([]), [], 'without any');
  const hashes: string[] = [];
  for (const code of ['first', 'second', 'third']) {
    hashes.push(await install(code));
    for (const module of installed) await versions.keep(module);
  }
  const [first = '', second = '', third = ''] = hashes;
  t.same(await versions.sweep([pinnedAs(first), pinnedAs(), { ...pinnedAs(second), name: 'other' }]), [
    `product/shop/${second}`,
  ]);
  t.same((await readdir(copies)).sort(), [first, third].sort());
  installed.splice(0);
  t.same(await versions.sweep([pinnedAs(first)]), [`product/shop/${third}`], 'it is not installed any more');
  t.same(await versions.sweep([]), [`product/shop/${first}`]);
  t.same(await readdir(join(state, 'modules/product')), ['shop']);
});
