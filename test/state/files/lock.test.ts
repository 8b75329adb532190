/** One daemon per state folder, also when its lock file, or the folder, is taken away under it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { systemClock } from '../../../src/kernel/clock.js';
import { holdFile } from '../../../src/state/files/file-lock.js';
import { lockFolder } from '../../../src/state/files/lock.js';
import { openState } from '../../../src/state/open.js';
import { KEY, sampleService } from '../samples.js';
import { testFolder } from '../../test-folder.js';

interface Holder {
  readonly child: ChildProcess;
  /** What it has said. */
  readonly said: () => string;
}

async function holder(t: Test, dir: string): Promise<Holder> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'lock-holder.js'), dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await once(child.stdout, 'data');
  return { child, said: () => said };
}

/** The state of the process; empty when there is none, Z when it has ended and we have not heard yet. */
function runs({ pid }: ChildProcess): string {
  try {
    return /\) (\S)/.exec(readFileSync(`/proc/${String(pid)}/stat`, 'utf8'))?.[1] ?? '';
  } catch {
    return '';
  }
}

/** By what was done to the lock: how, and whether the folder still tells who had it. */
const LOSSES: Readonly<Record<string, (dir: string) => Promise<void>>> = {
  'the lock file is deleted': (dir) => rm(join(dir, 'lock')),
  'the lock file is replaced': async (dir) => {
    await writeFile(join(dir, 'new'), '');
    await rename(join(dir, 'new'), join(dir, 'lock'));
  },
  'the lock file is moved': (dir) => rename(join(dir, 'lock'), join(dir, 'lock.old')),
  'the folder is replaced by a copy': async (dir) => {
    await mkdir(`${dir}.copy`);
    for (const name of ['lock', 'lock.json'])
      await writeFile(join(`${dir}.copy`, name), await readFile(join(dir, name)));
    await rename(dir, `${dir}.old`);
    await rename(`${dir}.copy`, dir);
  },
};

for (const [what, lose] of Object.entries(LOSSES)) {
  t.test(`${what}: nobody else gets the folder before the one that had it has ended`, async (t) => {
    const dir = join(testFolder(t), 'state');
    await mkdir(dir);
    const first = await holder(t, dir);
    await lose(dir);
    const next = await lockFolder({ dir, patienceS: 30, onLost: () => undefined });
    t.match(runs(first.child), /^[ZX]?$/, 'the first has ended by then');
    t.match(first.said(), /the file .*\/state\/lock was removed or replaced/);
    t.match(JSON.parse(await readFile(join(dir, 'lock.json'), 'utf8')), { pid: process.pid });
    await next.release();
  });

  t.test(`${what}: not one change more is written`, async (t) => {
    const dir = join(testFolder(t), 'state');
    const state = await openState({ dir, key: KEY, clock: systemClock });
    t.teardown(() => state.close());
    await state.services.commit('default/1', () => sampleService('1'));
    await lose(dir);
    await t.rejects(
      state.services.commit('default/2', () => sampleService('2')),
      { code: 'state_unavailable', detail: /removed or replaced/ },
    );
    t.equal(state.broken, true);
    t.match(state.brokenBy, /was removed or replaced/);
  });
}

t.test('a folder that is gone is told without anybody asking for a change', async (t) => {
  const dir = join(testFolder(t), 'state');
  await mkdir(dir);
  const first = await holder(t, dir);
  await rename(dir, `${dir}.old`);
  await once(first.child, 'exit');
  t.match(first.said(), /removed or replaced/);
});

t.test('whoever is refused while the former daemon still runs is told which process it is', async (t) => {
  const dir = testFolder(t);
  const first = await holder(t, dir);
  first.child.kill('SIGSTOP');
  await rm(join(dir, 'lock'));
  await t.rejects(lockFolder({ dir, patienceS: 0, onLost: () => undefined }), {
    code: 'state_unavailable',
    message: 'Another Innkeeper daemon uses this state folder.',
    detail: new RegExp(`is held by process ${String(first.child.pid)}, running since 20`),
  });
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  const next = await lockFolder({ dir, patienceS: 0, onLost: () => undefined });
  await next.release();
});

t.test(
  'a note of a process that is gone, or whose number another one has now, keeps nobody out',
  async (t) => {
    const dir = testFolder(t);
    const other = spawn('sleep', ['60']);
    t.teardown(() => other.kill('SIGKILL'));
    await once(other, 'spawn');
    for (const note of [
      { pid: other.pid, started_at: '2026-01-01T00:00:00.000Z' },
      { pid: other.pid, started_at: '2026-01-01T00:00:00.000Z', process: 'another boot 1' },
      { pid: 2 ** 22, started_at: '2026-01-01T00:00:00.000Z', process: 'x 1' },
      'no note',
    ]) {
      await writeFile(join(dir, 'lock.json'), JSON.stringify(note));
      const lock = await lockFolder({ dir, patienceS: 0, onLost: () => undefined });
      await lock.release();
    }
  },
);

t.test('a lock that is lost takes nothing away from the next holder', async (t) => {
  const dir = testFolder(t);
  let lost: string | undefined;
  const first = await lockFolder({ dir, onLost: (reason) => (lost = reason) });
  await rm(join(dir, 'lock'));
  while (lost === undefined) await delay(20);
  await rm(join(dir, 'lock.json'));
  const next = await holder(t, dir);
  await first.release();
  t.match(JSON.parse(await readFile(join(dir, 'lock.json'), 'utf8')), { pid: next.child.pid });
});

t.test('any file that is locked is watched, and a second name for it changes nothing', async (t) => {
  const dir = testFolder(t, { config: 'a: 1' });
  const file = join(dir, 'config');
  let lost: string | undefined;
  const lock = await holdFile({ file, patienceS: 0, watchMs: 10, onLost: (reason) => (lost = reason) });
  t.teardown(() => lock?.release());
  await link(file, join(dir, 'other'));
  await writeFile(file, 'a: 2');
  t.equal(lock?.problem(), undefined);
  await rm(file);
  t.match(lock?.problem(), /removed or replaced/);
  while (lost === undefined) await delay(20);
  t.match(lost, /removed or replaced/);
});
