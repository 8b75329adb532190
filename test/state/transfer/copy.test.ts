import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createWriteStream } from 'node:fs';
import { createGzip, gunzipSync, gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import t from 'tap';
import { systemClock } from '../../../src/kernel/clock.js';
import { Secret } from '../../../src/kernel/secret.js';
import type { Service, ServiceKey } from '../../../src/model/service.js';
import { readBundle, textOf } from '../../../src/state/transfer/bundle.js';
import type { State } from '../../../src/state/contract.js';
import { exportAtRest } from '../../../src/state/transfer/export-at-rest.js';
import { KINDS } from '../../../src/state/documents/kinds.js';
import { VERSIONS } from '../../../src/state/documents/migrations.js';
import { importState } from '../../../src/state/transfer/import.js';
import { openState } from '../../../src/state/open.js';
import { verifyFile, verifyFolder, verifyStream } from '../../../src/state/transfer/verify.js';
import { asObject, fields } from '../../http/harness.js';
import { KEY, sampleJob, sampleService } from '../samples.js';
import { flatDocument } from '../../fakes/parts.js';
import { testFolder } from '../../test-folder.js';

const FIXTURE = join(process.cwd(), 'test/fixtures/state/v2');
const open = (dir: string): Promise<State> => openState({ dir, key: KEY, clock: systemClock });
const configOf = (dir: string, more: { key?: Buffer | null; agent?: string } = {}) => ({
  agent: { id: more.agent ?? 'a1', state_dir: dir },
  state_key: more.key === null ? null : new Secret((more.key ?? KEY).toString('base64')),
});

async function toFile(source: Readable, file: string): Promise<string> {
  await pipeline(source, createGzip(), createWriteStream(file));
  return file;
}

/** An export of the fixture's state. */
async function exported(t: { teardown(fn: () => unknown): void }, withKey = false): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'innkeeper-copy-'));
  t.teardown(() => rm(dir, { recursive: true }));
  await cp(FIXTURE, join(dir, 'state'), { recursive: true });
  const source = await exportAtRest({
    config: configOf(join(dir, 'state')),
    withKey,
    madeAt: '2026-02-03T04:05:06.000Z',
  });
  return toFile(source, join(dir, 'state.tar.gz'));
}

async function problemsOf(found: Promise<{ findings: readonly { file: string; problem: string }[] }>) {
  return (await found).findings.map(({ file, problem }) => `${file}: ${problem}`);
}

t.test('an export made while everything changes is one instant of all documents', async (t) => {
  const dir = join(testFolder(t), 'state');
  const state = await open(dir);
  t.teardown(() => state.close());
  const [a, b]: ServiceKey[] = ['default/1', 'default/2'];
  if (a === undefined || b === undefined) throw new Error('two keys');
  await state.services.commit(a, () => sampleService('1', { vmid: 20_000 }));
  await state.services.commit(b, () => sampleService('2', { vmid: null }));
  for (let n = 10; n < 60; n += 1)
    await state.services.commit(`default/${n}`, () => sampleService(String(n)));
  const going = { on: true };
  let rounds = 0;
  /** A number goes from one to the other and back; the second change of each round is never seen without the first. */
  const hand = async (): Promise<void> => {
    const set = (key: ServiceKey, vmid: number | null, round: number) =>
      state.services.commit(key, (now) => ({ ...(now as Service), vmid, generation: round }));
    while (going.on) {
      rounds += 1;
      const [giver, taker] = rounds % 2 === 1 ? [a, b] : [b, a];
      await set(giver, null, rounds);
      await set(taker, 20_000, rounds);
      await state.archive.append({ key: a, job: sampleJob({ args: { round: rounds } }) });
    }
  };
  const noise = async (n: number): Promise<void> => {
    while (going.on)
      await state.services.commit(`default/${n}`, (now) => ({
        ...(now as Service),
        data: { filler: 'x'.repeat(Math.random() * 5000) },
      }));
  };
  const work = [hand(), ...[10, 11].map(noise)];
  const seen = new Set<string>();
  for (let n = 0; n < 6; n += 1) {
    const texts = new Map<string, string>();
    await readBundle(await state.exportCopy({ agent: 'a1', withKey: false }), async (path, bytes) => {
      texts.set(path, await textOf(bytes));
    });
    const at = (id: string) =>
      flatDocument(asObject([...texts].find(([path]) => path.endsWith(`default~${id}.json`))?.[1] ?? '{}'));
    const [one, two] = [at('1'), at('2')];
    const [first, second] = [Number(one['generation']), Number(two['generation'])];
    t.ok(Math.abs(first - second) <= 1, `rounds ${first} and ${second}`);
    t.notOk(one['vmid'] !== null && two['vmid'] !== null, 'the number is never held by both');
    const lines = [...texts].find(([path]) => path.startsWith('archive/'))?.[1] ?? '';
    t.ok(lines === '' || lines.endsWith('}\n'), 'no line of the archive is cut');
    const archived = lines === '' ? 0 : lines.trim().split('\n').length;
    t.ok(Math.max(first, second) - archived <= 1, 'what was archived before is in it');
    seen.add(String(first));
    const verified = await verifyStream(await state.exportCopy({ agent: 'a1', withKey: false }), [KEY]);
    t.same(verified.findings, []);
    t.equal(verified.secrets, 52);
  }
  going.on = false;
  await Promise.all(work);
  t.ok(seen.size > 2, `${seen.size} instants in ${rounds} rounds`);
  t.notOk(
    (await readdir(dir)).some((name) => name.startsWith('.export')),
    'nothing is left behind',
  );

  const cut = await state.exportCopy({ agent: 'a1', withKey: false });
  for await (const _ of cut) break;
  while ((await readdir(dir)).some((name) => name.startsWith('.export')))
    await new Promise((resolve) => setTimeout(resolve, 5));
  await state.services.commit(a, (now) => ({ ...(now as Service), generation: 1 }));
  t.pass('a reader that goes away holds nothing up and leaves nothing');
});

t.test('what an export that was killed has left behind goes at the next start', async (t) => {
  const dir = join(testFolder(t), 'state');
  await cp(FIXTURE, dir, { recursive: true });
  await mkdir(join(dir, '.export-0123', 'services'), { recursive: true });
  const state = await open(dir);
  await state.close();
  t.notOk((await readdir(dir)).includes('.export-0123'));
});

t.test('an export comes back as the same state', async (t) => {
  for (const withKey of [false, true]) {
    const file = await exported(t, withKey);
    const dir = join(testFolder(t), `restored-${String(withKey)}`);
    if (!withKey) {
      const { key, verified } = await importState({ file, config: configOf(dir) });
      t.equal(key, 'there');
      t.same(verified.findings, []);
    } else {
      const { key } = await importState({ file, config: configOf(dir, { key: null }) });
      t.equal(key, 'imported');
      t.equal(await readFile(join(dir, 'secret.key'), 'utf8'), `${KEY.toString('base64')}\n`);
    }
    for (const name of await readdir(FIXTURE, { recursive: true })) {
      const path = join(FIXTURE, name);
      if (!(await stat(path)).isFile()) continue;
      t.equal(await readFile(join(dir, name), 'utf8'), await readFile(path, 'utf8'), name);
      t.equal((await stat(join(dir, name))).mode & 0o777, 0o600);
    }
    t.notOk((await readdir(dir)).includes('import-unfinished'));
    const state = await open(dir);
    t.equal((await state.services.get('default/3')).secrets['admin']?.reveal(), 'admin of 3');
    t.match(await state.archive.find('019b7c9a-9f88-7000-8000-000000000009'), { key: 'default/1' });
    await state.close();
  }
  const file = await exported(t);
  const dir = join(testFolder(t), 'without');
  t.equal((await importState({ file, config: configOf(dir, { key: null }) })).key, 'missing');
  t.same((await verifyFolder(dir, [KEY])).findings, []);
});

t.test('an import refuses before anything is changed', async (t) => {
  const file = await exported(t);
  const dir = join(testFolder(t), 'state');
  const refusal = async (config: ReturnType<typeof configOf>, detail: RegExp, from = file): Promise<void> => {
    await t.rejects(importState({ file: from, config }), { code: 'state_unavailable', detail });
  };
  await refusal(configOf(dir, { agent: 'other' }), /state of the agent "a1", but agent\.id is "other"/);
  await refusal(
    configOf(dir, { key: Buffer.alloc(32, 1) }),
    /encrypted with key [0-9a-f]{16}, but the configured state_key is the key/,
  );
  await refusal(configOf(dir), /ENOENT/, '/nowhere/x.tar.gz');
  const whole = await readFile(file);
  const torn = join(dir, '..', 'torn.tar.gz');
  const tar = gunzipSync(whole);
  for (const length of [0, 10, 100, whole.length - 1, whole.length - 9, Math.floor(whole.length / 2)]) {
    await writeFile(torn, whole.subarray(0, length));
    await refusal(configOf(dir), /incomplete|cannot be read to its end/, torn);
    t.match((await verifyFile(torn, [KEY])).findings[0], { file: '', problem: /incomplete|cannot be read/ });
  }
  for (let length = 512; length < tar.length - 1024; length += 1536) {
    await writeFile(torn, gzipSync(tar.subarray(0, length)));
    await refusal(configOf(dir), /incomplete|cannot be read to its end|checksum/, torn);
  }
  t.notOk((await readdir(join(dir, '..'))).includes('state'), 'not even the folder was made');

  await mkdir(join(dir, 'tokens'), { recursive: true });
  await refusal(configOf(dir), /is not empty: it holds tokens/);
  await rm(join(dir, 'tokens'), { recursive: true });
  const running = await open(dir);
  await t.rejects(importState({ file, config: configOf(dir) }), {
    code: 'state_unavailable',
    message: 'Another Innkeeper daemon uses this state folder.',
  });
  await running.close();
});

t.test('an import that was killed leaves what no daemon starts with, and begins anew', async (t) => {
  const file = await exported(t);
  const dir = join(testFolder(t), 'state');
  await mkdir(join(dir, 'services', 'c0'), { recursive: true });
  await writeFile(join(dir, 'import-unfinished'), '');
  await writeFile(join(dir, 'services', 'c0', 'default~2.json'), '{"sche');
  await t.rejects(open(dir), { code: 'state_unavailable', message: /import .* was not finished/ });
  t.match(await problemsOf(verifyFolder(dir, [KEY])), [/import into this folder was not finished/]);
  await importState({ file, config: configOf(dir) });
  t.same(await problemsOf(verifyFolder(dir, [KEY])), []);
});

/** One thing is broken in a copy of the fixture; what is said of it. */
const BREAKS: Readonly<Record<string, readonly [(dir: string) => Promise<unknown>, RegExp]>> = {
  'a document that is cut': [
    (dir) => truncate(join(dir, 'services/c0/default~2.json'), 500),
    /^services\/c0\/default~2\.json: it is not complete JSON$/,
  ],
  'a value of the wrong kind': [
    (dir) => edit(dir, 'tokens/tok_1.json', (token) => ({ ...token, panel: 5 })),
    /^tokens\/tok_1\.json: it does not match its schema: \/panel/,
  ],
  'a newer release': [
    (dir) => edit(dir, 'zones/zone_1.json', (zone) => ({ ...zone, schema: 9 })),
    /^zones\/zone_1\.json: has schema version 9, and this release understands versions up to 1$/,
  ],
  'a secret of another document': [
    async (dir) => {
      const other = asObject(await readFile(join(dir, 'services/d5/default~3.json'), 'utf8'));
      await edit(dir, 'services/d2/default~1.json', (service) => ({ ...service, secrets: other['secrets'] }));
    },
    /^services\/d2\/default~1\.json: a secret cannot be decrypted/,
  ],
  'two that hold one number': [
    (dir) => edit(dir, 'services/d5/default~3.json', (service) => ({ ...service, vmid: 10_001 })),
    /^services\/d5\/default~3\.json: holds vmid 10001, and so does default\/1 \(services\/d2\/default~1\.json\)$/,
  ],
  'one job in two documents': [
    async (dir) => {
      const other = asObject(await readFile(join(dir, 'services/c0/default~2.json'), 'utf8'));
      await edit(dir, 'services/d5/default~3.json', (service) => ({ ...service, jobs: other['jobs'] }));
    },
    /^services\/d5\/default~3\.json: holds job .*2, and so does services\/c0\/default~2\.json$/,
  ],
  'a domain of no service': [
    (dir) => rm(join(dir, 'services/d5/default~3.json')),
    /^domains\/\w+\.json: names default\/3 as its service, but there is no such service$/,
  ],
  'a document under another name': [
    (dir) => rename(join(dir, 'tokens/tok_1.json'), join(dir, 'tokens/tok_2.json')),
    /^tokens\/tok_2\.json: has the content of tok_1$/,
  ],
  'a document in another folder': [
    async (dir) => {
      await mkdir(join(dir, 'services/00'));
      await rename(join(dir, 'services/d2/default~1.json'), join(dir, 'services/00/default~1.json'));
    },
    /^services\/00\/default~1\.json: belongs in the folder services\/d2$/,
  ],
  'what a start has set aside': [
    async (dir) => {
      await mkdir(join(dir, 'damaged'));
      await rename(join(dir, 'zones/zone_1.json'), join(dir, 'damaged/zone_1.json.2026-01-01T00-00-00.000Z'));
    },
    /^damaged\/zone_1.*: was set aside as damaged and is not in use$/,
  ],
};

async function edit(
  dir: string,
  path: string,
  change: (document: Record<string, unknown>) => object,
): Promise<void> {
  const file = join(dir, path);
  await writeFile(file, JSON.stringify(change(asObject(await readFile(file, 'utf8')))));
}

t.test('a verification names every damage by file, in a folder and in an export of it', async (t) => {
  for (const [name, [damage, said]] of Object.entries(BREAKS)) {
    const dir = join(testFolder(t), name.replaceAll(' ', '-'));
    await cp(FIXTURE, dir, { recursive: true });
    t.same(await problemsOf(verifyFolder(dir, [KEY])), [], `${name}: whole before`);
    await damage(dir);
    const inFolder = await problemsOf(verifyFolder(dir, [KEY]));
    t.match(inFolder, [said], name);
    t.equal(inFolder.length, 1, `${name}: and nothing else`);
    const source = await exportAtRest({
      config: configOf(dir),
      withKey: false,
      madeAt: '2026-02-03T04:05:06.000Z',
    });
    const file = await toFile(source, join(dir, '..', `${name.replaceAll(' ', '-')}.tar.gz`));
    t.same(await problemsOf(verifyFile(file, [KEY])), inFolder, `${name}: in an export too`);
  }
  const dir = join(testFolder(t), 'key');
  await cp(FIXTURE, dir, { recursive: true });
  const other = await verifyFolder(dir, [Buffer.alloc(32, 1)]);
  t.equal(other.findings.length, 6, 'another key opens none of the documents with secrets');
  t.match(other.findings[0]?.problem, /encrypted with key/);
  t.match(await verifyFolder(dir, []), { opened: false, secrets: 6, findings: [] });
});

t.test('an export that was tampered with is known by its checksums', async (t) => {
  const file = await exported(t);
  const rebuilt = async (
    change: (path: string, text: string) => readonly (readonly [string, string])[],
  ): Promise<string[]> => {
    const tar = pack();
    const entries: [string, string][] = [];
    const manifest = await readBundle(
      Readable.from([gunzipSync(await readFile(file))]),
      async (path, bytes) => {
        for (const [name, text] of change(path, await textOf(bytes))) entries.push([name, text]);
      },
    );
    for (const [name, text] of [...entries, ['manifest.json', JSON.stringify(manifest)] as const])
      tar.entry({ name, size: Buffer.byteLength(text) }, text);
    tar.finalize();
    return problemsOf(verifyStream(Readable.from(tar), [KEY]));
  };
  const same = (path: string, text: string) => [[path, text] as const];
  t.same(await rebuilt(same), []);
  t.match(
    await rebuilt((path, text) =>
      same(path, path.startsWith('tokens') ? text.replace('billing', 'killing') : text),
    ),
    [/tokens\/tok_1\.json does not match its checksum/],
  );
  t.match(await rebuilt((path, text) => (path.startsWith('zones') ? [] : same(path, text))), [
    /zones\/zone_1\.json is in its manifest, but missing/,
  ]);
  t.match(
    (
      await rebuilt((path, text) => [
        ...same(path, text),
        ...(path.startsWith('zones') ? same('zones/x.json', text) : []),
      ])
    )[0],
    /zones\/x\.json is not in its manifest/,
  );
  for (const evil of ['../x.json', '/etc/x.json', 'zones/../../x.json', 'zones/.hidden', 'x.json'])
    t.match(
      (
        await rebuilt((path, text) => [
          ...same(path, text),
          ...(path.startsWith('zones') ? same(evil, text) : []),
        ])
      )[0],
      /which is not part of a state/,
      evil,
    );
});

t.test('a verification knows every kind of document', async (t) => {
  t.equal(Object.keys(KINDS).length + 1, Object.keys(VERSIONS).length, 'services have places of their own');
});

t.test('the key is in an export only when it was asked for', async (t) => {
  for (const withKey of [false, true]) {
    const tar = gunzipSync(await readFile(await exported(t, withKey))).toString('latin1');
    t.equal(tar.includes(KEY.toString('base64')), withKey);
    t.notOk(/admin of 3|key of example\.com|account key/.test(tar), 'secrets are never in the clear');
    const manifest = fields(JSON.parse(/\{\n "format"[^]*?\n\}\n/.exec(tar)?.[0] ?? '{}'));
    t.match(manifest, { agent: 'a1', key: { included: withKey }, format: 'innkeeper-state/1' });
  }
});

t.test(
  'a folder that is no part of the state is reported, and does not make an export useless',
  async (t) => {
    const dir = testFolder(t);
    const state = join(dir, 'state');
    await cp(FIXTURE, state, { recursive: true });
    await mkdir(join(state, 'backup'));
    await writeFile(join(state, 'backup', 'old.json'), '{}');
    t.match(await problemsOf(verifyFolder(state, [KEY])), [/^backup\/old\.json: /]);
    const config = configOf(state);
    const source = await exportAtRest({ config, withKey: false, madeAt: '2026-02-03T04:05:06.000Z' });
    const file = await toFile(source, join(dir, 'state.tar.gz'));
    t.same(await problemsOf(verifyFile(file, [KEY])), []);
    await importState({ file, config: configOf(join(dir, 'again')) });
    t.equal((await readdir(join(dir, 'again'))).includes('backup'), false);
  },
);
