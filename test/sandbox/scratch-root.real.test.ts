import { existsSync } from 'node:fs';
import t from 'tap';
import { neverAborted } from '../../src/kernel/async/never.js';
import { scratchRoots } from '../../src/sandbox/memory/scratch-root.js';
import { testFolder } from '../test-folder.js';

t.test('a script runs in a real shell, and changes only the root of its container', async (t) => {
  const lines: string[] = [];
  const roots = scratchRoots(testFolder(t), (line) => void lines.push(line));
  const run = (vmid: number, body: string, values = {}) =>
    roots.run(vmid, { name: 'acme/install', body, values }, neverAborted());
  const made = await run(100, 'printf %s "$GREETING" >/etc/greeting-of-a-test; id -u; hostname', {
    GREETING: "it's $HOME",
  });
  t.match(made, { code: 0, stdout: /^0\n/ });
  t.match(await run(100, 'cat /etc/greeting-of-a-test'), { code: 0, stdout: "it's $HOME" }, 'files stay');
  t.match(await run(101, 'cat /etc/greeting-of-a-test'), { code: 1 }, 'another container has other files');
  t.notOk(existsSync('/etc/greeting-of-a-test'));
  t.match(await run(100, 'touch /usr/made-by-a-test'), { code: 1, stderr: /Read-only/ });
  t.match(
    await run(100, 'false; echo no'),
    { code: 1, stdout: '' },
    'as in a container, set -e is in effect',
  );
  t.match(lines.at(-1), /container 100: acme\/install ended with 1/);
});
