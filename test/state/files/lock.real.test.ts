import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { lockFolder } from '../../../src/state/files/lock.js';
import { testFolder } from '../../test-folder.js';

const run = promisify(execFile);

t.test('a daemon in another network namespace is refused, and frees the folder when killed', async (t) => {
  const dir = testFolder(t);
  const netns = `innkeeper-lock-${process.pid}`;
  await run('ip', ['netns', 'add', netns]);
  t.teardown(() => run('ip', ['netns', 'delete', netns]));
  const script = join(import.meta.dirname, 'lock-holder.js');
  const start = (): ReturnType<typeof spawn> =>
    spawn('nsenter', [`--net=/run/netns/${netns}`, process.execPath, script, dir], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  const ours = await lockFolder({ dir, onLost: () => undefined });
  const refused = start();
  let said = '';
  refused.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await once(refused, 'close');
  t.not(refused.exitCode, 0);
  t.match(said, new RegExp(`held by process ${process.pid}`));
  await ours.release();

  const other = start();
  t.teardown(() => other.kill('SIGKILL'));
  if (other.stdout) await once(other.stdout, 'data');
  const mine = lockFolder({ dir, patienceS: 0, onLost: () => undefined });
  await t.rejects(mine, { code: 'state_unavailable', detail: new RegExp(`process ${String(other.pid)}`) });
  other.kill('SIGKILL');
  const next = await lockFolder({ dir, onLost: () => undefined });
  await next.release();
});
