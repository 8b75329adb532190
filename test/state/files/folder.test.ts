import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, chmod, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { systemClock } from '../../../src/kernel/clock.js';
import { Secret } from '../../../src/kernel/secret.js';
import type { ApiToken } from '../../../src/state/contract.js';
import { openState } from '../../../src/state/open.js';
import { loadStateKey } from '../../../src/state/keys/state-key.js';
import { lockFolder } from '../../../src/state/files/lock.js';
import { KEY, sampleJob, sampleService } from '../samples.js';
import { testFolder } from '../../test-folder.js';

const open = (dir: string) => openState({ dir, key: KEY, clock: systemClock });

const token: ApiToken = {
  schema: 2,
  id: 'tok_1',
  name: 'billing',
  panel: 'default',
  permissions: ['*'],
  sha256: 'ab'.repeat(32),
  former: [],
  createdAt: '2026-01-02T03:04:05.000Z',
  expiresAt: null,
  revokedAt: null,
  networks: [],
};

t.test('a state folder is opened, closed, and opened again with everything in it', async (t) => {
  const dir = join(testFolder(t), 'var', 'innkeeper');
  const state = await open(dir);
  t.equal((await stat(dir)).mode & 0o777, 0o700);
  const job = sampleJob({ status: 'completed' });
  await state.services.commit('default/1', () => sampleService('1'));
  await state.tokens.commit('tok_1', () => token);
  await state.archive.append({ key: 'default/1', job });
  t.equal(state.broken, false);
  const last = state.services.commit('default/2', () => sampleService('2'));
  await state.close();
  await state.close();
  t.ok(await last, 'a change under way is finished');
  t.equal(state.broken, false);
  await t.rejects(
    state.services.commit('default/3', () => sampleService('3')),
    { code: 'state_unavailable' },
  );
  t.same(await readdir(dir), ['archive', 'events', 'lock', 'services', 'tokens']);

  const again = await open(dir);
  t.teardown(() => again.close());
  t.same(again.tokens.list(), [token]);
  t.match(await again.archive.find(job.id), { key: 'default/1', job: { id: job.id } });
  t.same(
    [...again.services.entries()].map(({ id }) => id),
    ['1', '2'],
  );
});

t.test('a damaged token is set aside, a changed one is kept', async (t) => {
  const dir = testFolder(t);
  const first = await open(dir);
  for (const id of ['tok_1', 'tok_2']) await first.tokens.commit(id, () => ({ ...token, id }));
  const changed = (now: ApiToken | undefined) => ({ ...(now ?? token), revokedAt: token.createdAt });
  await first.tokens.commit('tok_2', changed);
  await t.rejects(
    first.tokens.commit('tok_3', () => token),
    RangeError,
  );
  await t.rejects(
    first.tokens.commit('../x', () => token),
    RangeError,
  );
  await first.close();
  await writeFile(join(dir, 'tokens', 'tok_1.json'), '{');
  await writeFile(join(dir, 'tokens', 'tok_2.json.tmp'), '{');
  const warnings: string[] = [];
  const state = await openState({
    dir,
    key: KEY,
    clock: systemClock,
    warn: (message, detail) => void warnings.push(message + detail),
  });
  t.teardown(() => state.close());
  t.match(warnings, [/tok_1\.json/]);
  t.match(state.tokens.list(), [{ id: 'tok_2', revokedAt: token.createdAt }]);
  t.same(await readdir(join(dir, 'tokens')), ['tok_2.json']);
});

t.test(
  'an archived job is found in the file of its day, the last line counts, torn lines do not',
  async (t) => {
    const dir = testFolder(t);
    const state = await open(dir);
    t.teardown(() => state.close());
    const { archive } = state;
    const job = sampleJob({ args: { filler: 'x'.repeat(3000) } });
    await archive.append({ key: 'default/1', job });
    const others = Array.from({ length: 400 }, () =>
      sampleJob({ args: { hint: job.id, filler: 'y'.repeat(900) } }),
    );
    await Promise.all(others.map((other) => archive.append({ key: 'default/2', job: other })));
    t.match(await archive.find(job.id), { key: 'default/1', job: { args: job.args } });
    for (const at of [0, 100, 299, 399])
      t.match(await archive.find(others[at]?.id ?? ''), { job: { id: others[at]?.id } });
    await archive.append({ key: 'default/1', job: { ...job, status: 'failed' } });
    t.match(await archive.find(job.id), { job: { status: 'failed' } });
    const day = new Date().toISOString().slice(0, 10);
    const path = join(dir, 'archive', `${day}.ndjson`);
    t.equal((await readFile(path, 'utf8')).trim().split('\n').length, 402);
    await appendFile(path, `{"archived":"${job.id}","panel":"default`);
    t.match(await archive.find(job.id), { job: { status: 'failed' } });
    t.equal(await archive.find(sampleJob().id), undefined);
    for (const id of ['', 'x', '../../etc/passwd', '00000000-0000-4000-8000-000000000000', 'F'.repeat(36)])
      t.equal(await archive.find(id), undefined);
    await t.rejects(archive.append({ key: 'default/1', job: { ...job, id: 'x' } }), RangeError);
  },
);

t.test('a second daemon on the same folder is refused and told who has it', async (t) => {
  const dir = testFolder(t);
  const state = await open(dir);
  const started = Date.now();
  const second = open(dir);
  await t.rejects(second, {
    code: 'state_unavailable',
    message: 'Another Innkeeper daemon uses this state folder.',
    detail: new RegExp(`process ${process.pid}, running since 20`),
  });
  t.ok(Date.now() - started > 1500, 'it waited for a predecessor that is just ending');
  const waiting = open(dir);
  await state.close();
  const next = await waiting;
  t.equal(next.broken, false, 'one that waits gets the folder when the first ends');
  await next.close();
});

/** A process that opens the folder's lock and says so; ended by the test. */
async function daemon(t: Tap, dir: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'lock-holder.js'), dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

type Tap = { teardown(fn: () => unknown): void };

t.test('a folder that others live in is not closed by a slip in the configuration', async (t) => {
  const dir = testFolder(t, { lib: { 'dpkg.list': '' } });
  const shared = join(dir, 'lib');
  await chmod(shared, 0o755);
  await t.rejects(open(shared), {
    code: 'state_unavailable',
    detail:
      /lib is accessible to others \(mode 755\) and contains dpkg\.list: set agent\.state_dir to a separate folder/,
  });
  t.equal((await stat(shared)).mode & 0o777, 0o755, 'nothing was changed');
  t.same(await readdir(shared), ['dpkg.list']);
  await chmod(shared, 0o700);
  const state = await open(shared);
  await state.close();
  await chmod(shared, 0o755);
  const again = await open(shared);
  t.equal((await stat(shared)).mode & 0o777, 0o700, 'its own is closed again');
  await again.close();
});

t.test('kill -9 of a daemon frees its folder', async (t) => {
  const dir = testFolder(t);
  const child = await daemon(t, dir);
  const lost = { onLost: () => undefined };
  await t.rejects(lockFolder({ dir, patienceS: 0, ...lost }), {
    code: 'state_unavailable',
    detail: new RegExp(`process ${String(child.pid)}`),
  });
  child.kill('SIGKILL');
  await once(child, 'exit');
  const lock = await lockFolder({ dir, ...lost });
  await lock.release();
});

t.test('losing the lock stops all writing', async (t) => {
  const dir = testFolder(t);
  const state = await open(dir);
  t.teardown(() => state.close());
  const holders = await readdir('/proc').then(async (names) => {
    const found = [];
    for (const name of names.filter((each) => /^\d+$/.test(each))) {
      const status = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
      if (status.includes('(cat)') && status.split(' ')[3] === String(process.pid)) found.push(Number(name));
    }
    return found;
  });
  t.equal(holders.length, 1);
  const holder = holders[0] ?? 0;
  process.kill(holder, 'SIGTERM');
  process.kill(holder, 'SIGINT');
  await state.services.commit('default/1', () => sampleService('1'));
  t.equal(state.broken, false, 'a stop signal to the whole group does not end it');
  process.kill(holder, 'SIGKILL');
  while (!state.broken) await new Promise((resolve) => setTimeout(resolve, 5));
  const change = state.services.commit('default/1', () => sampleService('1'));
  await t.rejects(change, { code: 'state_unavailable', detail: /lock ended \(SIGKILL\)/ });
});

t.test('the key is made once, kept private, and never made anew beside documents', async (t) => {
  const dir = join(testFolder(t), 'state');
  const config = { state_key: null, agent: { state_dir: dir } };
  const [key, ...others] = await Promise.all([1, 2, 3].map(() => loadStateKey(config)));
  for (const other of others) t.same(other, key, 'daemons that start at once agree');
  t.equal(key?.length, 32);
  const path = join(dir, 'secret.key');
  t.same(await readdir(dir), ['secret.key']);
  t.equal((await stat(path)).mode & 0o777, 0o600);
  t.same(await loadStateKey(config), key);

  await chmod(path, 0o640);
  await t.rejects(loadStateKey(config), { code: 'state_unavailable', detail: /mode is 640, expected 600/ });
  await chmod(path, 0o600);
  await writeFile(path, 'short');
  await t.rejects(loadStateKey(config), { code: 'state_unavailable', detail: /expected 32 bytes/ });

  const state = await openState({ dir, key: KEY, clock: systemClock });
  await state.services.commit('default/1', () => sampleService('1'));
  await state.close();
  await rm(path);
  await t.rejects(loadStateKey(config), {
    code: 'state_unavailable',
    detail: /the key is missing, but documents contain secrets/,
  });

  const given = (text: string) => loadStateKey({ ...config, state_key: new Secret(text) });
  t.same(await given(KEY.toString('base64')), KEY);
  t.same(await given(KEY.toString('hex')), KEY);
  await t.rejects(given('c2hvcnQ='), {
    code: 'state_unavailable',
    detail: /the configured state_key: expected 32 bytes/,
  });
});
