import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { systemClock } from '../../../src/kernel/clock.js';
import { Secret } from '../../../src/kernel/secret.js';
import type { State } from '../../../src/state/contract.js';
import { loadFormerKeys } from '../../../src/state/keys/former-keys.js';
import { openState } from '../../../src/state/open.js';
import { keyIdOf } from '../../../src/state/keys/secret-box.js';
import { loadStateKey } from '../../../src/state/keys/state-key.js';
import { sampleService } from '../samples.js';
import { testFolder } from '../../test-folder.js';

const configOf = (dir: string) => ({ state_key: null, state_key_former: null, agent: { state_dir: dir } });

async function open(dir: string): Promise<State> {
  const config = configOf(dir);
  const key = await loadStateKey(config);
  const formerKeys = await loadFormerKeys(config);
  return openState({ dir, key, formerKeys, ownKeyFile: true, clock: systemClock });
}

async function filled(dir: string): Promise<State> {
  const state = await open(dir);
  for (let n = 1; n <= 20; n += 1)
    await state.services.commit(`default/${n}`, () => sampleService(String(n)));
  await state.acmeAccounts.commit('a1', () => ({
    ...{ schema: 1 as const, id: 'a1', directoryUrl: 'https://acme.test', url: null },
    key: new Secret('the account key'),
  }));
  return state;
}

async function done(state: State): Promise<void> {
  while (state.keys.status().rewriting) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Ids of the keys in all files of the folder. */
async function keysIn(dir: string): Promise<Set<string>> {
  const ids = new Set<string>();
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.json')) continue;
    const text = await readFile(join(entry.parentPath, entry.name), 'utf8');
    for (const [, id = ''] of text.matchAll(/"v1:([0-9a-f]{16}):/g)) ids.add(id);
  }
  return ids;
}

const readable = async (t: Test, state: State): Promise<void> => {
  for (let n = 1; n <= 20; n += 1)
    t.equal((await state.services.get(`default/${n}`)).secrets['admin']?.reveal(), `admin of ${n}`);
  t.equal(state.acmeAccounts.find('a1')?.key.reveal(), 'the account key');
};

t.test('a new key seals everything anew, the old one is gone, and nothing is lost', async (t) => {
  const dir = testFolder(t);
  const state = await filled(dir);
  const before = state.keys.status().keyId;
  const began = await state.keys.rotate();
  t.not(began.keyId, before);
  await done(state);
  t.match(state.keys.status(), { formerIds: [], rewritten: 21, neededBy: [], problem: null });
  t.same(await keysIn(dir), new Set([began.keyId]));
  t.equal((await stat(join(dir, 'secret.key'))).mode & 0o777, 0o600);
  await t.rejects(stat(join(dir, 'secret.key.former')), { code: 'ENOENT' });
  await readable(t, state);
  await state.close();
  const again = await open(dir);
  await readable(t, again);
  t.equal(again.keys.status().keyId, began.keyId);
  await again.close();
});

t.test(
  'a rotation that was cut off at any document is readable with both keys and goes on at the next start',
  async (t) => {
    for (const resealed of [0, 1, 10, 20]) {
      const dir = testFolder(t);
      const state = await filled(dir);
      const old = await readFile(join(dir, 'secret.key'), 'utf8');
      const originals = new Map<string, string>();
      for (const entry of await readdir(join(dir, 'services'), { recursive: true, withFileTypes: true }))
        if (entry.isFile()) {
          const path = join(entry.parentPath, entry.name);
          originals.set(path, await readFile(path, 'utf8'));
        }
      await state.keys.rotate();
      await done(state);
      await state.close();
      // as a crash would have left it: some documents as they were, and both keys
      for (const [path, text] of [...originals].slice(resealed)) await writeFile(path, text, { mode: 0o600 });
      await writeFile(join(dir, 'secret.key.former'), old, { mode: 0o600 });
      const again = await open(dir);
      await readable(t, again);
      await done(again);
      t.same(await keysIn(dir), new Set([again.keys.status().keyId]), `${resealed} written before`);
      t.match(again.keys.status(), { formerIds: [], rewritten: 20 - resealed });
      await again.close();
    }
  },
);

t.test('a crash before the new key was written leaves the old one in force', async (t) => {
  const dir = testFolder(t);
  const state = await filled(dir);
  const { keyId } = state.keys.status();
  await state.close();
  await writeFile(join(dir, 'secret.key.former'), await readFile(join(dir, 'secret.key')), { mode: 0o600 });
  const again = await open(dir);
  await readable(t, again);
  t.match(again.keys.status(), { keyId, formerIds: [] });
  await again.keys.rotate();
  await done(again);
  await readable(t, again);
  await again.close();
});

t.test('the former key stays for as long as a damaged document needs it', async (t) => {
  const dir = testFolder(t);
  const state = await filled(dir);
  await state.close();
  const [folder = ''] = await readdir(join(dir, 'services'));
  const [name = ''] = await readdir(join(dir, 'services', folder));
  const path = join(dir, 'services', folder, name);
  await writeFile(path, (await readFile(path, 'utf8')).slice(0, -20));
  const damaged = await open(dir);
  t.equal(damaged.services.damaged.length, 1);
  await damaged.keys.rotate();
  await done(damaged);
  t.match(damaged.keys.status(), { neededBy: [new RegExp(`^damaged/${name.replace('~', '.')}`)] });
  t.equal(damaged.keys.status().formerIds.length, 1);
  await stat(join(dir, 'secret.key.former'));
  await damaged.close();
});

t.test(
  'a configured key is only changed by the operator, and the former one is told to be done with',
  async (t) => {
    const dir = testFolder(t);
    const [old, next] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
    const first = await openState({ dir, key: old, clock: systemClock });
    await first.services.commit('default/1', () => sampleService('1'));
    await t.rejects(first.keys.rotate(), { code: 'state_key_configured', message: /state_key_former/ });
    await first.close();
    const warnings: string[] = [];
    const second = await openState({
      ...{ dir, key: next, formerKeys: [old], clock: systemClock },
      warn: (text) => void warnings.push(text),
    });
    await done(second);
    t.same(await keysIn(dir), new Set([keyIdOf(next)]));
    t.match(warnings, [/the former key is no longer needed/]);
    await second.close();
  },
);
