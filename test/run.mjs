/**
 * Runs one suite under tap and closes with one line `N passed, N failed`, counted from tap's own totals.
 *   node test/run.mjs quick|real [part of a file name ...]
 * quick: `*.test.ts`, no root, no network. real: `*.real.test.ts`, real servers; what they need is installed by .ci/run.
 */
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { relative } from 'node:path';

const [suite = 'quick', ...parts] = process.argv.slice(2);
const isReal = (name) => name.endsWith('.real.test.js');
// the build's own path, not that of the link: a later build must not change the files of this run
const dist = relative('.', realpathSync('dist'));
const files = readdirSync(`${dist}/test`, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.js') && isReal(name) === (suite === 'real'))
  .filter((name) => parts.length === 0 || parts.some((part) => name.includes(part)))
  .map((name) => `${dist}/test/${name}`)
  .sort();
if (files.length === 0) {
  console.error(`no test file matches: ${suite} ${parts.join(' ')}`);
  console.log('0 passed, 1 failed');
  process.exit(1);
}
// .taprc leaves the TypeScript plugin out: our tests are compiled, and it costs 1.4 s a file. A fresh installation has it built in until tap is built anew.
if (readFileSync('node_modules/@tapjs/test/test-built/src/index.ts', 'utf8').includes('@tapjs/typescript'))
  spawnSync('node_modules/.bin/tap', ['build'], { stdio: 'ignore' });
const jobs = suite === 'real' ? ['--jobs=1', '--timeout=1200'] : ['--jobs=2', '--timeout=900'];
const tap = spawn('node_modules/.bin/tap', ['--reporter=tap', ...jobs, ...files], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
let totals;
let pending = '';
let file = '';
const failures = [];
const times = [];
tap.stdout.setEncoding('utf8').on('data', (text) => {
  const lines = (pending + text).split('\n');
  pending = lines.pop() ?? '';
  for (const line of lines) {
    const found = /^# \{ (total: .*) \}$/.exec(line);
    if (found) totals = Object.fromEntries(found[1].split(', ').map((pair) => pair.split(': ')));
    file = /^# Subtest: (.*)/.exec(line)?.[1] ?? file;
    if (/^\s+not ok /.test(line)) failures.push(`${short(file)}: ${line.trim()}`);
    const ended = /^(ok|not ok) \d+ - (\S+) # time=([\d.]+)ms/.exec(line);
    if (ended?.[1] === 'not ok') failures.push(`${short(ended[2])} failed`);
    if (ended) times.push({ name: short(ended[2]), seconds: Number(ended[3]) / 1000 });
    if (process.env.CI !== undefined || !/^\s*ok /.test(line)) console.log(line);
  }
});
const code = await new Promise((resolve) => tap.on('close', resolve));
console.log('\nThe slowest files:');
for (const { name, seconds } of times.sort((a, b) => b.seconds - a.seconds).slice(0, 10))
  console.log(`${seconds.toFixed(1).padStart(7)} s  ${name}`);
for (const line of failures) console.log(line);
const passed = Number(totals?.pass ?? 0);
const counted = Number(totals?.fail ?? 0) + Number(totals?.skip ?? 0) + Number(totals?.todo ?? 0);
const failed = Math.max(counted, code === 0 && passed > 0 ? 0 : 1);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

function short(name) {
  return name.replace(`${dist}/test/`, '');
}
