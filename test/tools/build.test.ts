/** `build.mjs` in a small project of its own: what it builds, when, and what it leaves alone. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';

const run = promisify(execFile);

/** Stands for the real bundler: the program says which source it was built from. */
const BUNDLER = `
import { appendFile, copyFile, mkdir, readFile } from 'node:fs/promises';
export async function bundle(outdir, withTests) {
  await appendFile('built.log', withTests ? 'all\\n' : 'program\\n');
  await mkdir(outdir + '/src', { recursive: true });
  await copyFile('src/main.js', outdir + '/src/main.js');
  if ((await readFile('src/main.js', 'utf8')).includes('SYNTAX ERROR')) throw new Error('it does not build');
}`;

/** Preloaded: the process takes itself for an old Node. */
const OLD_NODE = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.19.0' } });`;

interface Project {
  readonly folder: string;
  readonly build: (...args: string[]) => Promise<string>;
  readonly change: (file: string, text: string) => Promise<void>;
  /** What the bundler was asked for so far. */
  readonly built: () => Promise<string[]>;
}

async function project(t: Test): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), 'innkeeper-build-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  for (const name of ['src', 'modules', 'test', 'node_modules']) await mkdir(join(folder, name));
  const change = (file: string, text: string): Promise<void> => writeFile(join(folder, file), text);
  await copyFile('build.mjs', join(folder, 'build.mjs'));
  await change('esbuild.config.mjs', BUNDLER);
  await change('package.json', '{"engines":{"node":">=20.0.0"}}');
  await copyFile('src/node-version.cjs', join(folder, 'src', 'node-version.cjs'));
  await change('node_modules/.package-lock.json', '{}');
  await change('src/main.js', 'one');
  await change('test/a.test.js', 'a test');
  return {
    folder,
    change,
    build: async (...args) =>
      (await run(process.execPath, ['build.mjs', ...args], { cwd: folder })).stdout.trim(),
    built: async () => (await readFile(join(folder, 'built.log'), 'utf8')).split('\n').slice(0, -1),
  };
}

t.test('nothing is built twice from the same sources', async (t) => {
  const { build, built, change } = await project(t);
  const whole = await build('--path');
  t.equal(await build('--path'), whole);
  t.equal(await build('--without-tests', '--path'), whole, 'a build with tests has all that is installed');
  t.same(await built(), ['all']);
  await change('test/a.test.js', 'another test');
  t.equal(await build('--without-tests', '--path'), whole, 'a changed test does not change the program');
  t.not(await build('--path'), whole);
  t.same(await built(), ['all', 'all']);
});

t.test('a build never changes what an earlier one made', async (t) => {
  const { folder, build, change } = await project(t);
  const first = await build('--path');
  await change('src/main.js', 'two');
  const second = await build('--path');
  t.equal(await readlink(join(folder, 'dist')), second);
  t.equal(await readFile(join(folder, first, 'src/main.js'), 'utf8'), 'one');
  t.equal(await readFile(join(folder, 'dist/src/main.js'), 'utf8'), 'two');
  await change('src/main.js', 'one');
  t.equal(await build('--path'), first, 'the earlier sources have their build still');
});

t.test('of many builds the latest and the one in use stay', async (t) => {
  const { folder, build, change } = await project(t);
  await change('src/main.js', 'process.stdout.write("up"); process.stdin.on("data", () => process.exit());');
  const used = await build('--path');
  const child = spawn(process.execPath, [join(used, 'src/main.js')], { cwd: folder, stdio: 'pipe' });
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  const later: string[] = [];
  for (let n = 0; n < 7; n += 1) {
    await change('src/main.js', `later ${n}`);
    later.push(await build('--path'));
  }
  const left = (await readdir(join(folder, '.builds'))).map((name) => `.builds/${name}`);
  t.ok(existsSync(join(folder, used, 'src/main.js')), 'in use');
  t.same(left.sort(), [used, ...later.slice(-5)].sort());
  child.stdin.end('stop');
  await once(child, 'exit');
});

t.test('a build that fails leaves the last one where it was', async (t) => {
  const { folder, build, change } = await project(t);
  const good = await build('--path');
  await change('src/main.js', 'SYNTAX ERROR');
  await t.rejects(build('--path'), /it does not build/);
  t.equal(await readlink(join(folder, 'dist')), good);
  t.same(await readdir(join(folder, '.builds')), [good.slice('.builds/'.length)]);
});

t.test('builds of the same sources at the same time agree', async (t) => {
  const { folder, build } = await project(t);
  const paths = await Promise.all([build('--path'), build('--path'), build('--path')]);
  t.equal(new Set(paths).size, 1);
  t.same(await readdir(join(folder, '.builds')), [paths[0].slice('.builds/'.length)]);
});

t.test('a folder that an earlier version built gives way', async (t) => {
  const { folder, build } = await project(t);
  await mkdir(join(folder, 'dist'));
  await mkdir(join(folder, '.builds'));
  const path = await build('--path');
  t.equal(await readlink(join(folder, 'dist')), path);
});

t.test('an option that does not exist is named', async (t) => {
  const { build } = await project(t);
  await t.rejects(build('--witout-tests'), /unknown option --witout-tests/);
});

t.test('a Node that is too old builds nothing', async (t) => {
  const { folder, change } = await project(t);
  await change('old.cjs', OLD_NODE);
  const built = run(process.execPath, ['-r', './old.cjs', 'build.mjs'], { cwd: folder });
  await t.rejects(built, {
    code: 1,
    stdout: '',
    stderr: /^build\.mjs: Innkeeper needs Node\.js 20\.0\.0 or newer, but this is Node\.js 18\.19\.0\..*\n$/,
  });
  t.notOk(existsSync(join(folder, '.builds')));
});
