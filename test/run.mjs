/**
 * Runs one suite and closes with one line `N passed, N failed`, summed over the files' own totals.
 *   node test/run.mjs quick|real [part of a file name ...] [--without part ...]
 * quick: `*.test.ts`, no root, no network. real: `*.real.test.ts`, real servers; what they need is installed by
 * .ci/run. Each file is a node process of its own and writes TAP. It passes when it ends with code 0 and counted at
 * least one test; skipped tests count as failed. tap's own runner is not used: it loads module hooks into every file
 * and every node process that a test starts, which doubles their CPU time.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, realpathSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';

const LXC = /^(?:e2e|sandbox\/lxc)\//;
/** systemd's own watchdog does not wait for a busy machine: these run when all others have ended. */
const ALONE = /^systemd\//;
/**
 * `lanes`: lists of files, run side by side. Lanes with the same iterator take the next file when they are free. A
 * third lane gains nothing on two cores, and makes files with time limits late.
 */
const SUITES = {
  quick: { timeoutS: 900, lanes: (files) => Array(2).fill(files.values()) },
  real: {
    timeoutS: 1200,
    // containers have a lane of their own: what they share on the machine is theirs one after the other
    lanes: (files) => [files.filter((name) => LXC.test(name)), files.filter((name) => !LXC.test(name))],
  },
};
/** A file that is over its own limit says which test hung. One that does not even do that is killed this much later. */
const GRACE_MS = 30_000;
/**
 * Most files end within seconds. Code that V8 optimizes later, and memory that it frees in one thread, save a tenth of
 * their CPU time.
 */
const SHORT_LIVED = ['--interrupt-budget=1000000', '--single-threaded-gc'];
const MEMORY = '/dev/shm';
/** Several times what the tests write at a time. */
const MEMORY_BYTES = 4 * 1024 ** 3;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { without: { type: 'string', multiple: true, default: [] } },
});
const [suite = 'quick', ...parts] = positionals;
const { lanes, timeoutS } = SUITES[suite] ?? fail(`no such suite: ${suite}; there are quick and real`);
const isReal = (name) => name.endsWith('.real.test.js');
// the build's own path, not that of the link: a later build must not change the files of this run
const dist = relative('.', realpathSync('dist'));
const files = readdirSync(`${dist}/test`, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.js') && isReal(name) === (suite === 'real'))
  .filter((name) => parts.length === 0 || parts.some((part) => name.includes(part)))
  .filter((name) => !values.without.some((part) => name.includes(part)))
  .sort();
if (files.length === 0) fail(`no test file matches: ${suite} ${parts.join(' ')}`);

const folder = scratchFolder();
if (suite === 'quick') process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const running = new Set();
for (const signal of ['SIGTERM', 'SIGINT'])
  process.once(signal, () => {
    for (const child of running) child.kill(signal);
    process.exit(1);
  });
const results = [];
const isAlone = (name) => suite === 'real' && ALONE.test(name);
await Promise.all(lanes(files.filter((name) => !isAlone(name))).map(runInTurn));
await runInTurn(files.filter(isAlone));

console.log('\nThe slowest files:');
for (const { name, seconds } of results.toSorted((a, b) => b.seconds - a.seconds).slice(0, 10))
  console.log(`${seconds.toFixed(1).padStart(7)} s  ${name}`);
for (const { name, failures } of results) for (const line of failures) console.log(`FAILED ${name}: ${line}`);
const sum = (of) => results.reduce((total, result) => total + of(result), 0);
const failed = sum((result) => result.failed);
console.log(`${sum((result) => result.passed)} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function runInTurn(names) {
  for (const name of names) {
    const result = await runFile(name);
    results.push(result);
    show(result);
  }
}

async function runFile(name) {
  const began = performance.now();
  const argv = [...SHORT_LIVED, '--import', './test/preload.mjs', `${dist}/test/${name}`];
  const child = spawn(process.execPath, argv, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TAP: '1', TAP_TIMEOUT: String(timeoutS), TMPDIR: folder },
  });
  running.add(child);
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutS * 1000 + GRACE_MS);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  const [code, signal] = await once(child, 'close');
  clearTimeout(timer);
  running.delete(child);
  return { name, output, seconds: (performance.now() - began) / 1000, ...judge(output, code ?? signal) };
}

/**
 * The folder in which the quick tests write. It is in memory, if there is room and programs can be run from it: on a
 * disk, many tests spend most of their time in fsync. TMPDIR, if set, is used instead. The real tests use TMPDIR as it
 * is: they need disks for containers, and servers with other users must be able to reach their files.
 */
function scratchFolder() {
  if (suite !== 'quick') return tmpdir();
  const name = 'innkeeper-test-';
  if (process.env.TMPDIR === undefined && freeBytes(MEMORY) >= MEMORY_BYTES) {
    const folder = mkdtempSync(join(MEMORY, name));
    if (runsPrograms(folder)) return folder;
    rmSync(folder, { recursive: true });
  }
  return mkdtempSync(join(tmpdir(), name));
}

function freeBytes(path) {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return 0;
  }
}

/** False on a mount with `noexec`, as in most containers. */
function runsPrograms(folder) {
  const program = join(folder, 'program');
  writeFileSync(program, '#!/bin/sh\n', { mode: 0o700 });
  const { status } = spawnSync(program);
  rmSync(program);
  return status === 0;
}

/** What a file's TAP says, and how it ended. */
function judge(output, ended) {
  const lines = output.split('\n');
  const found = lines.flatMap((line) => /^# \{ (total: .*) \}$/.exec(line)?.[1] ?? []).at(-1);
  const totals = Object.fromEntries((found ?? '').split(', ').map((pair) => pair.split(': ')));
  const count = (...names) => names.reduce((total, name) => total + Number(totals[name] ?? 0), 0);
  const passed = count('pass');
  const failures = lines.filter((line) => /^\s*not ok /.test(line)).map((line) => line.trim());
  if (ended !== 0) failures.push(`ended with ${ended}`);
  if (passed === 0) failures.push('no test passed');
  const failed = Math.max(count('fail', 'skip', 'todo'), failures.length > 0 ? 1 : 0);
  return { passed, failed, failures };
}

/** All that a file wrote, in CI and when it failed. */
function show({ name, output, seconds, failed }) {
  if (failed > 0 || process.env.CI !== undefined) console.log(`# Subtest: ${name}\n${output}`);
  console.log(`${failed === 0 ? 'ok' : 'not ok'} - ${name} # time=${(seconds * 1000).toFixed(0)}ms`);
}

function fail(message) {
  console.error(message);
  console.log('0 passed, 1 failed');
  process.exit(1);
}
