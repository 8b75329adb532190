/** `npm run bench | head`, or a bench that is stopped: the environment and the daemon that it started end with it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';

/** A bench: starts both, says where, and goes on printing. */
const BENCH = `
  import { endWithReader } from ${JSON.stringify(import.meta.resolve('./end-with-reader.js'))};
  import { startDaemonProcess, startWorld } from ${JSON.stringify(import.meta.resolve('./processes.js'))};
  endWithReader();
  const world = await startWorld('memory');
  await startDaemonProcess(world);
  console.log(world.stateDir);
  setInterval(() => console.log('a line of the table'), 20);
`;

/** Command lines of the processes that work in this folder. */
async function working(folder: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return lines.filter((line) => line.includes(folder)).map((line) => line.replaceAll('\0', ' '));
}

for (const [how, stop, code] of [
  ['its reader goes away', (bench: ChildProcess) => bench.stdout?.destroy(), 1],
  ['it is stopped', (bench: ChildProcess) => bench.kill('SIGTERM'), 143],
] as const)
  t.test(`a bench leaves nothing running, and no folder, when ${how}`, async (t) => {
    const bench = spawn(process.execPath, ['--input-type=module', '-e', BENCH], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    bench.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    t.teardown(() => bench.kill('SIGKILL'));
    const [line] = (await once(createInterface({ input: bench.stdout }), 'line')) as [string];
    t.match(await working(line), [/sandbox --world/, /serve/], 'both work in the folder');
    const ended = once(bench, 'close');
    stop(bench);
    t.equal((await ended)[0], code);
    t.equal(stderr, '');
    // a killed process is gone a moment later
    while ((await working(line)).length > 0) await delay(20);
    t.notOk(existsSync(line));
  });
