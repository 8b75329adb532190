/** docs/sandbox.md lists exactly the options of `innkeeper sandbox`. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import t from 'tap';
import { CLI } from '../e2e/daemon-process.js';

t.test('the table of options is complete', async (t) => {
  const { stdout } = await promisify(execFile)(process.execPath, [CLI, 'sandbox', '--help']);
  const options = [...stdout.matchAll(/^ +(?:-\w, )?(--[a-z-]+)/gm)].map(([, name = '']) => name);
  const page = await readFile('docs/sandbox.md', 'utf8');
  const listed = [...page.matchAll(/^\| `(--[a-z-]+)[^`]*` /gm)].map(([, name = '']) => name);
  const own = options.filter((name) => name !== '--help' && name !== '--config');
  t.ok(own.length > 5, own.join(' '));
  t.same([...new Set(listed)].sort(), own.sort());
});
