import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import t, { type Test } from 'tap';
import { shippedModules } from '../../../src/modules/loader.js';
import { readAuthored } from '../../../src/modules/authoring/read-authored.js';
import { testFolder } from '../../test-folder.js';

const BUILD = dirname(shippedModules());
const KINDS = [
  ['product', 'record'],
  ['product', 'guest'],
  ['product', 'hosted'],
  ['product', 'remote'],
  ['plugin'],
  ['notification'],
  ['payment'],
] as const;

async function run(cwd: string, ...args: string[]): Promise<{ code: number; said: string }> {
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
  const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const [code] = (await once(child, 'close')) as [number];
  return { code, said: Buffer.concat(chunks).toString() };
}

const innkeeper = (cwd: string, ...args: string[]) =>
  run(cwd, join(BUILD, 'src/innkeeper.cjs'), 'module', ...args);

/** A project in which the kit is installed. */
async function project(t: Test): Promise<string> {
  const folder = testFolder(t);
  await mkdir(join(folder, 'node_modules'));
  await symlink(BUILD, join(folder, 'node_modules/innkeeper'));
  return folder;
}

t.test('a new module of each kind is read, and its own tests pass', async (t) => {
  const folder = await project(t);
  for (const [type, kind] of KINDS) {
    const name = `acme-${kind ?? 'demo'}`;
    const made = await innkeeper(
      folder,
      'new',
      type,
      name,
      ...(kind ? ['--kind', kind] : []),
      '--author',
      'Acme',
    );
    t.equal(made.code, 0, made.said);
    t.match(made.said, `${type}/${name}/lang/de.json`);
    const { declared } = await readAuthored(join(folder, type, name));
    t.match(declared.info, { type, name, version: '1.0.0', author: 'Acme' });
  }
  const tests = await run(folder, '--test');
  t.equal(tests.code, 0, tests.said);
  t.match(tests.said, /# fail 0/);
});

t.test('nothing is written over, and wrong words are explained', async (t) => {
  const folder = await project(t);
  const refused = async (why: RegExp, ...args: string[]): Promise<void> => {
    const { code, said } = await innkeeper(folder, 'new', ...args);
    t.equal(code, 1, said);
    t.match(said, why);
  };
  await refused(
    /shipped with the agent: choose a name with your prefix, such as acme-wordpress/,
    'product',
    'wordpress',
  );
  await refused(/not a valid name/, 'product', 'Acme_X');
  await refused(/unknown type "theme": choose product/, 'theme', 'acme-x');
  await refused(/unknown kind "car": choose record/, 'product', 'acme-x', '--kind', 'car');
  await refused(/only products have a kind/, 'plugin', 'acme-x', '--kind', 'record');
  t.same(await readdir(folder), ['node_modules'], 'and nothing was written');
  await mkdir(join(folder, 'plugin/acme-x'), { recursive: true });
  await writeFile(join(folder, 'plugin/acme-x/mine.txt'), 'mine');
  await refused(/plugin\/acme-x is not empty/, 'plugin', 'acme-x');
});

async function filesIn(tgz: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  const archive = createReadStream(tgz).pipe(createGunzip()).pipe(extract());
  for await (const entry of archive) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    files[entry.header.name] = Buffer.concat(chunks).toString();
  }
  return files;
}

t.test('a module is packed with its files only, and twice with the same bytes', async (t) => {
  const folder = await project(t);
  await innkeeper(folder, 'new', 'plugin', 'acme-notes');
  await writeFile(join(folder, 'plugin/acme-notes/.secret'), 'not part of the module');
  const pack = () => innkeeper(folder, 'pack', 'plugin/acme-notes', '--json');
  const packed = await pack();
  t.equal(packed.code, 0, packed.said);
  const path = join(folder, 'plugin-acme-notes-1.0.0.tgz');
  t.match(JSON.parse(packed.said), { version: '1.0.0', hash: /^[0-9a-f]{64}$/ });
  const files = await filesIn(path);
  t.ok(Object.keys(files).every((name) => name.startsWith('plugin/acme-notes/')));
  t.notOk(Object.hasOwn(files, 'plugin/acme-notes/.secret'));
  t.equal(
    files['plugin/acme-notes/module.js'],
    await readFile(join(folder, 'plugin/acme-notes/module.js'), 'utf8'),
  );
  const first = await readFile(path);
  await pack();
  t.same(await readFile(path), first);

  await writeFile(join(folder, 'plugin/acme-notes/module.js'), 'export default 7');
  t.match(await pack(), { code: 1, said: /was not packed: .*not a class/ });
  t.match(await innkeeper(folder, 'pack', folder), { code: 1, said: /named after the type of the module/ });
});
