/** The collections of modules in an exported state. */
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import t, { type Test } from 'tap';
import { systemClock } from '../../../src/kernel/clock.js';
import { Secret } from '../../../src/kernel/secret.js';
import type { CollectionId, CollectionShape, ServiceLife } from '../../../src/model/collection.js';
import type { State } from '../../../src/state/contract.js';
import { openState } from '../../../src/state/open.js';
import { exportAtRest } from '../../../src/state/transfer/export-at-rest.js';
import { importState } from '../../../src/state/transfer/import.js';
import { type Verified, verifyFile, verifyFolder } from '../../../src/state/transfer/verify.js';
import { KEY, sampleService } from '../samples.js';

const SHOP: CollectionId = { module: { type: 'product', name: 'shop' }, name: 'checks' };
const SHAPE: CollectionShape = {
  ...{ name: 'checks', service: true, migration: 0, rules: 'r' },
  indexes: { host: { fields: ['host'], unique: true } },
};
const FILE = 'collections/product/shop/checks/000001.ndjson';
const open = (dir: string): Promise<State> => openState({ dir, key: KEY, clock: systemClock });
const configOf = (dir: string) => ({
  agent: { id: 'a1', state_dir: dir },
  state_key: new Secret(KEY.toString('base64')),
});
const sentences = ({ findings }: Verified): string[] =>
  findings.map(({ file, problem }) => `${file} ${problem}`);

async function folder(t: Test): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'innkeeper-collections-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** A service with three documents, one of which is deleted again. */
async function filled(t: Test): Promise<string> {
  const dir = join(await folder(t), 'state');
  const state = await open(dir);
  const service = sampleService('12');
  const life: ServiceLife = `${service.panel}/${service.id}#${service.generation}`;
  await state.services.commit(`${service.panel}/${service.id}`, () => service);
  await state.collections.use(SHOP, SHAPE, async (collection) => {
    await collection.insert([
      { key: 'a', service: life, data: { host: 'a', token: new Secret('canary') } },
      { key: 'b', service: life, data: { host: 'b' } },
      { key: 'c', service: life, data: { host: 'c' } },
    ]);
    await collection.update('b', (data) => ({ ...data, port: 1 }));
    await collection.remove('c');
  });
  await state.close();
  return dir;
}

async function exported(dir: string): Promise<string> {
  const file = `${dir}.tar.gz`;
  const source = await exportAtRest({
    config: configOf(dir),
    withKey: false,
    madeAt: '2026-02-03T04:05:06.000Z',
  });
  await pipeline(source, createGzip(), createWriteStream(file));
  return file;
}

t.test('an export contains the documents, and an import can be used', async (t) => {
  const dir = await filled(t);
  const checked = await verifyFolder(dir, [KEY]);
  t.same(sentences(checked), []);
  const file = await exported(dir);
  t.same(sentences(await verifyFile(file, [KEY])), []);
  t.equal((await verifyFile(file, [KEY])).documents, checked.documents);
  const target = join(await folder(t), 'state');
  await importState({ file, config: configOf(target) });
  const state = await open(target);
  t.teardown(() => state.close());
  await state.collections.use(SHOP, SHAPE, async (collection) => {
    const { documents } = await collection.page({ index: 'host' });
    t.match(documents, [
      { key: 'a', version: 1, data: { token: new Secret('canary') } },
      { key: 'b', version: 2, data: { port: 1 } },
    ]);
    t.equal(documents.length, 2);
  });
});

t.test('an export while documents are written is one instant of them', async (t) => {
  const dir = await filled(t);
  const state = await open(dir);
  let isOver = false;
  const writing = (async () => {
    for (let n = 0; !isOver; n += 1)
      await state.collections.use(SHOP, SHAPE, (collection) =>
        collection.update('b', (data) => ({ ...data, n, filler: 'x'.repeat(50_000) })),
      );
  })();
  for (let n = 0; n < 5; n += 1) {
    const file = join(await folder(t), 'state.tar.gz');
    const source = await state.exportCopy({ agent: 'a1', withKey: false });
    await pipeline(source, createGzip(), createWriteStream(file));
    t.same(sentences(await verifyFile(file, [KEY])), []);
  }
  isOver = true;
  await writing;
  await state.close();
});

t.test('a verification names what is wrong with a collection', async (t) => {
  const dir = await filled(t);
  const path = join(dir, FILE);
  const text = await readFile(path, 'utf8');
  const after = async (change: (text: string) => string): Promise<string[]> => {
    await writeFile(path, change(text));
    return sentences(await verifyFolder(dir, [KEY]));
  };
  t.match(await after((text) => text.replace('"batch":2', '"bitch":2')), [
    /^collections.* has lost changes: batch 2/,
  ]);
  t.match(await after((text) => text.replace('{"collection"', '{"collecting"')), [
    /first line cannot be read/,
  ]);
  t.match(await after((text) => text.replaceAll('"key":"a"', '"key":"z"')), [/secret cannot be decrypted/]);
  t.match(await after((text) => text.replace('"version":1', '"version":"1"')), [
    /has the document a, which is not complete/,
  ]);
  const lost = await after((text) => text.replaceAll(/"service":"[^"]+"/g, '"service":"panel/lost#1"'));
  t.match(lost, [/has documents of panel\/lost, but there is no such service/]);
  t.same(await after((text) => `${text}{"batch":9,"siz`), [], 'a crash leaves a torn line');
  const deleted = await after((text) => text.replace('"key":"c","version":1', '"key":"c","version":"1"'));
  t.same(deleted, [], 'a document that was deleted is not checked');
});

t.test('an export omits what an interrupted migration has copied', async (t) => {
  const dir = await filled(t);
  await writeFile(join(dir, `${FILE}.migrating`), 'x'.repeat(20 * 1024 ** 2));
  t.same(sentences(await verifyFolder(dir, [KEY])), []);
  t.same(sentences(await verifyFile(await exported(dir), [KEY])), []);
});
