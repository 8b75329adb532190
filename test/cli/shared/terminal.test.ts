/** Colours and progress: on a terminal only. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { withProgress } from '../../../src/cli/shared/progress.js';
import { showsColours } from '../../../src/kernel/terminal.js';
import { makeRig } from '../../http/harness.js';
import { testFolder } from '../../test-folder.js';

const CLI = fileURLToPath(new URL('../../../src/innkeeper.cjs', import.meta.url));
const CLEAR = '\r\u001B[2K';

function stream(isTTY: boolean, columns = 20) {
  const written: string[] = [];
  return { isTTY, columns, written, write: (text: string) => void written.push(text) };
}

t.test('colours are for a terminal, and never with NO_COLOR', async (t) => {
  t.equal(showsColours({ isTTY: true }, {}), true);
  t.equal(showsColours({ isTTY: true }, { NO_COLOR: '' }), true, 'empty: as if it were not set');
  t.equal(showsColours({ isTTY: true }, { NO_COLOR: '1' }), false);
  t.equal(showsColours({ isTTY: false }, {}), false);
  t.equal(showsColours({}, {}), false);
});

t.test('progress is one line that goes away, at most ten times a second', async (t) => {
  const terminal = stream(true);
  let now = 0;
  const done = await withProgress(
    async (show) => {
      show('1 file');
      now = 99;
      show('2 files');
      now = 100;
      show(`3 files\u001B[31m, and much more than fits`);
      return 'done';
    },
    terminal,
    () => now,
  );
  t.equal(done, 'done');
  t.same(terminal.written, [`${CLEAR}1 file`, `${CLEAR}3 files?[31m, and m`, CLEAR]);
  const failed = stream(true);
  await t.rejects(
    withProgress(async (show) => {
      show('x');
      throw new Error('it broke');
    }, failed),
    { message: 'it broke' },
  );
  t.equal(failed.written.at(-1), CLEAR);
});

t.test('nothing is written when there is no terminal, or no progress', async (t) => {
  const pipe = stream(false);
  await withProgress(async (show) => show('x'), pipe);
  const quick = stream(true);
  await withProgress(async () => {}, quick);
  t.same([pipe.written, quick.written], [[], []]);
});

t.test('on a real terminal the states have colour, and what others say has none', async (t) => {
  const rig = await makeRig('socket');
  t.teardown(() => rig.close());
  const folder = await mkdtemp(join(tmpdir(), 'innkeeper-cli-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const socket = join(folder, 'innkeeper.sock');
  const alert = (kind: string, text: string) => ({
    ...{ id: kind, kind, subject: 'x', panel: null, serviceId: null, text, commands: [], data: {} },
    ...{ raisedAt: '2026-03-01T12:00:00.000Z', clearedAt: null, told: {} },
  });
  const spoof = 'broken.\n2026-03-01T12:00:00.000Z  warning  \u001B[31mred\u001B[0m';
  Object.assign(rig.deps.alerts, { list: () => [alert('job_stuck', spoof), alert('pool_low', 'low.')] });
  await rig.app.listen({ path: socket });
  const alerts = async (env: NodeJS.ProcessEnv): Promise<string> => {
    const command = `'${process.execPath}' '${CLI}' alerts`;
    const ended = await promisify(execFile)('script', ['-qec', command, '/dev/null'], {
      env: { PATH: process.env['PATH'], TERM: 'xterm', INNKEEPER_SOCKET: socket, ...env },
    });
    return ended.stdout.replaceAll('\r', '');
  };
  const shown = await alerts({});
  t.match(shown, /  \u001B\[31mcritical\u001B\[39m  job_stuck/);
  t.match(shown, /  \u001B\[33mwarning\u001B\[39m  pool_low/);
  t.equal(shown.split('\u001B').length, 5, 'no other colour');
  t.notMatch(await alerts({ NO_COLOR: '1' }), /\u001B/);
});

t.test('the doctor shows how far it is, and its words have colour, on a terminal only', async (t) => {
  const dir = testFolder(t, { 'a.yaml': 'agent: {state_dir: .}\n' });
  const doctor = `'${process.execPath}' '${CLI}' doctor --config '${join(dir, 'a.yaml')}'`;
  const run = promisify(execFile);
  const env = { PATH: process.env['PATH'], TERM: 'xterm' };
  const said = async (file: string, args: string[], more = {}): Promise<string> =>
    run(file, args, { env: { ...env, ...more } }).then(
      ({ stdout }) => stdout,
      (error: unknown) => String(Reflect.get(Object(error), 'stdout')),
    );
  t.match(await said('script', ['-qec', doctor, '/dev/null']), /\u001B\[31mWRONG\u001B\[39m/);
  t.match(await said('script', ['-qec', doctor, '/dev/null'], { NO_COLOR: '1' }), /^WRONG/m);
  t.notMatch(await said('sh', ['-c', doctor]), /\u001B/);
});
