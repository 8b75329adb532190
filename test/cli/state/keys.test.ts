/** Exports and the key that they need: what `state verify` and `state rotate-key` say about it. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createGzip } from 'node:zlib';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import t, { type Test } from 'tap';
import { systemClock } from '../../../src/kernel/clock.js';
import { keyIdOf } from '../../../src/state/keys/secret-box.js';
import { openState } from '../../../src/state/open.js';
import { CONFIG_ENV, writeConfig } from '../../fakes/config.js';
import { makeRig } from '../../http/harness.js';
import { sampleService } from '../../state/samples.js';
import { testFolder } from '../../test-folder.js';

const CLI = fileURLToPath(new URL('../../../src/innkeeper.cjs', import.meta.url));
const [OLD, NEW] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const text = (key: Buffer): string => `${key.toString('base64')}\n`;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function innkeeper(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, ...args], {
      env: { PATH: process.env['PATH'], ...CONFIG_ENV, ...env },
    });
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (part) => (out += String(part)));
    child.stderr.setEncoding('utf8').on('data', (part) => (err += String(part)));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

/** An export of a state whose secrets have this key, and a configuration whose state folder has `present`. */
async function exported(
  t: Test,
  key: Buffer,
  present: Buffer | undefined,
): Promise<{ dir: string; file: string }> {
  const dir = testFolder(t, { here: {}, there: {} });
  await writeConfig(dir, join(dir, 'here'));
  const state = await openState({ dir: join(dir, 'there'), key, clock: systemClock });
  await state.services.commit('default/1', () => sampleService('1'));
  const file = join(dir, 'export.tar.gz');
  const tar = await state.exportCopy({ agent: 'a1', withKey: false });
  await pipeline(tar, createGzip(), createWriteStream(file));
  await state.close();
  await writeFile(join(dir, 'old.key'), text(OLD), { mode: 0o600 });
  if (present) await writeFile(join(dir, 'here', 'secret.key'), text(present), { mode: 0o600 });
  return { dir, file };
}

t.test('an export of another key is no backup: the key that it needs is named', async (t) => {
  const { dir, file } = await exported(t, OLD, NEW);
  const config = ['--config', join(dir, 'innkeeper.yaml')];
  const [needed, tried] = [keyIdOf(OLD), keyIdOf(NEW)];
  const ended = await innkeeper(['state', 'verify', file, ...config]);
  t.match(ended, {
    code: 1,
    out: new RegExp(`^wrong .*They need the key ${needed}; .*tried are ${tried}\\.`),
  });
  t.match(ended.out, /--key-file\n.*; one problem found\.\n$/);
  t.notMatch(ended.out, /no key was given/);
  t.match(await innkeeper(['state', 'verify', file, '--json', ...config]), {
    code: 1,
    out: new RegExp(`"sound": false[^]*${needed}`),
  });
  t.match(await innkeeper(['state', 'verify', file, '--key-file', join(dir, 'old.key'), ...config]), {
    code: 0,
    out: /no problems found/,
  });
  await writeFile(join(dir, 'wrong.key'), text(Buffer.alloc(32, 3)));
  t.match(await innkeeper(['state', 'verify', file, '--key-file', join(dir, 'wrong.key'), ...config]), {
    code: 1,
    out: new RegExp(`They need the key ${needed}`),
  });
});

t.test(
  'where there is no key, the export is checked without its secrets, and its key is named',
  async (t) => {
    const { dir, file } = await exported(t, OLD, undefined);
    t.match(await innkeeper(['state', 'verify', file, '--config', join(dir, 'innkeeper.yaml')]), {
      code: 0,
      out: new RegExp(`^note .* secrets were not decrypted: .*needs the key ${keyIdOf(OLD)}\\n`),
    });
  },
);

t.test('a rotation removes no key before the operator has said what becomes of older exports', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'innkeeper-cli-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const dir = testFolder(t, { here: {} });
  await writeConfig(dir, join(dir, 'here'));
  const keyFile = join(dir, 'here', 'secret.key');
  await writeFile(keyFile, text(OLD), { mode: 0o600 });
  const state = await openState({ dir: join(dir, 'here'), key: OLD, ownKeyFile: true, clock: systemClock });
  t.teardown(() => state.close());
  await state.services.commit('default/1', () => sampleService('1'));
  const rig = await makeRig('socket');
  t.teardown(() => rig.close());
  Object.assign(rig.state, { keys: state.keys });
  const socket = join(folder, 'innkeeper.sock');
  await rig.app.listen({ path: socket });
  const rotate = (...args: string[]): Promise<Ended> =>
    innkeeper(['state', 'rotate-key', '--config', join(dir, 'innkeeper.yaml'), ...args], {
      INNKEEPER_SOCKET: socket,
    });
  const id = keyIdOf(OLD);

  t.match(await rotate(), {
    code: 1,
    err: new RegExp(`need the key ${id}, .*--keep-former <file>.*--discard-former`),
  });
  t.match(await rotate('--keep-former', join(dir, 'none', 'x.key')), { code: 1, err: /Nothing was rotated/ });
  t.match(await rotate('--keep-former', join(dir, 'innkeeper.yaml')), {
    code: 1,
    err: /EEXIST.*Nothing was rotated/,
  });
  t.equal(await readFile(keyFile, 'utf8'), text(OLD), 'no key was replaced');

  const kept = join(dir, 'former.key');
  t.match(await rotate('--keep-former', kept), {
    code: 0,
    out: new RegExp(`need the former key ${id}, which is now in ${kept}\\. .*--key-file ${kept}\\n$`),
  });
  t.equal(await readFile(kept, 'utf8'), text(OLD));
  t.equal((await stat(kept)).mode & 0o777, 0o600);
  t.not(await readFile(keyFile, 'utf8'), text(OLD));
  t.match(await rotate('--discard-former'), { code: 0, out: /can no longer be read\.\n$/ });
});
