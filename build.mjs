/**
 * Makes `dist` a link to a build of the sources as they are now. Builds lie side by side in `.builds/` and never
 * change, so a daemon or test run that was started from an earlier one keeps its files. Nothing is built when a build
 * of the same sources is there.
 *   node build.mjs [--without-tests] [--path]
 * --without-tests: the part that gets installed is enough. --path: prints where the build lies. A process that is
 * started from there, and not through the link, never meets files of a later build.
 */
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeProblem } from './src/node-version.cjs';

const BUILDS = '.builds';
/** So many of the latest builds stay, and every one that a process was started from by its path. */
const KEPT = 5;
/** A build that was begun longer ago than this was cut off. */
const LONGEST_BUILD_MS = 600_000;

const { engines } = JSON.parse(readFileSync('package.json', 'utf8'));
const problem = nodeProblem(engines.node, process.versions.node);
if (problem !== undefined) {
  console.error(`build.mjs: ${problem}`);
  process.exit(1);
}

const options = process.argv.slice(2);
const unknown = options.filter((option) => option !== '--without-tests' && option !== '--path');
if (unknown.length > 0) {
  console.error(`build.mjs: unknown option ${unknown.join(' ')}; it knows --without-tests and --path`);
  process.exit(2);
}

const path = await findOrBuild(!options.includes('--without-tests'));
await point(path);
await tidy();
if (options.includes('--path')) console.log(path);

/**
 * The folder of a build of today's sources; with tests a build without them is not enough, the other way round it is.
 */
async function findOrBuild(withTests) {
  // npm's own record of what is installed stands for the dependencies
  const program = await digest(
    'src',
    'modules',
    'package.json',
    'esbuild.config.mjs',
    'node_modules/.package-lock.json',
  );
  const name = withTests ? `${program}-${await digest('test')}` : program;
  const builds = existsSync(BUILDS) ? readdirSync(BUILDS) : [];
  const found = builds.find((one) => one === name || (!withTests && one.startsWith(program)));
  const path = join(BUILDS, found ?? name);
  if (found === undefined) await build(path, withTests);
  const now = new Date();
  utimesSync(path, now, now);
  return path;
}

async function build(path, withTests) {
  const { bundle } = await import('./esbuild.config.mjs');
  await mkdir(BUILDS, { recursive: true });
  const aside = await mkdtemp(join(BUILDS, '.making-'));
  try {
    await bundle(aside, withTests);
    await chmod(aside, 0o755);
    await rename(aside, path);
  } catch (error) {
    // another build of the same sources was faster
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

/** A digest of the names and contents of all files below the paths. */
async function digest(...paths) {
  const names = paths.flatMap((path) =>
    statSync(path).isDirectory()
      ? readdirSync(path, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name))
      : [path],
  );
  const hash = createHash('sha256');
  for (const name of names.sort())
    hash
      .update(`${name}\0`)
      .update(await readFile(name))
      .update('\0');
  return hash.digest('hex').slice(0, 16);
}

/** Turns the link in one step. A real folder called `dist` gives way. */
async function point(target) {
  if (lstatSync('dist', { throwIfNoEntry: false })?.isDirectory())
    await rename('dist', join(BUILDS, `former-dist-${process.pid}`));
  const link = `.dist-${process.pid}`;
  await symlink(target, link);
  await rename(link, 'dist');
}

/** Removes builds that are neither among the latest nor in use, and what was cut off. */
async function tidy() {
  const entries = readdirSync(BUILDS).map((name) => ({
    name,
    at: statSync(join(BUILDS, name), { throwIfNoEntry: false })?.mtimeMs ?? Date.now(),
  }));
  const isHalf = ({ name }) => name.startsWith('.making-');
  const cutOff = entries.filter((entry) => isHalf(entry) && Date.now() - entry.at > LONGEST_BUILD_MS);
  const running = commandLines();
  const old = entries
    .filter((entry) => !isHalf(entry))
    .sort((a, b) => b.at - a.at)
    .slice(KEPT)
    .filter(({ name }) => !running.includes(`${BUILDS}/${name}`));
  for (const { name } of [...cutOff, ...old]) await rm(join(BUILDS, name), { recursive: true, force: true });
}

/** Of all processes that this machine shows. */
function commandLines() {
  if (!existsSync('/proc')) return '';
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  return pids.map(commandLine).join('\n');
}

function commandLine(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // it has ended
    return '';
  }
}
