/** An export from elsewhere is refused before it takes memory: by what its headers say, while it is unpacked. */
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';
import t from 'tap';
import { systemClock } from '../../../src/kernel/clock.js';
import { Secret } from '../../../src/kernel/secret.js';
import { readBundle } from '../../../src/state/transfer/bundle.js';
import { importState } from '../../../src/state/transfer/import.js';
import { openState } from '../../../src/state/open.js';
import { verifyStream } from '../../../src/state/transfer/verify.js';
import { KEY } from '../samples.js';
import { testFolder } from '../../test-folder.js';

const MIB = 1024 ** 2;

/** A plain header of a tar file: `0` is a file, `x` what a later header means. */
function header(name: string, size: number, type: '0' | 'x' = '0'): Buffer {
  const block = Buffer.alloc(512);
  block.write(name, 0);
  block.write('0000600\0', 100);
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  block.write('        ', 148);
  block.write(type, 156);
  block.write('ustar\u000000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** A header that announces so many bytes of nothing; counts how many were really unpacked. */
function bomb(head: Buffer, bytes: number) {
  const asked = { bytes: 0 };
  async function* unpacked(): AsyncGenerator<Buffer> {
    yield head;
    for (; asked.bytes < bytes; asked.bytes += MIB) yield Buffer.alloc(MIB, 0x20);
  }
  return { source: Readable.from(unpacked(), { objectMode: false }), asked };
}

/** A tar file of one small file. */
function holding(name: string): Readable {
  const tar = pack();
  tar.entry({ name }, '{}');
  tar.finalize();
  return Readable.from(tar, { objectMode: false });
}

t.test('a document of gigabytes is refused by its header', async (t) => {
  for (const name of ['zones/z.json', 'events/2026-01-01.ndjson', 'manifest.json']) {
    const { source, asked } = bomb(header(name, 8_191 * MIB), 1_024 * MIB);
    const { findings } = await verifyStream(source, []);
    t.match(findings, [{ problem: /is larger than any file of a state/ }], name);
    t.ok(asked.bytes <= 64 * MIB, `${name}: ${asked.bytes} bytes were unpacked`);
  }
});

t.test('headers of gigabytes are refused while they are read', async (t) => {
  const { source, asked } = bomb(header('PaxHeader', 4_096 * MIB, 'x'), 1_024 * MIB);
  await t.rejects(
    readBundle(source, async () => {}),
    /cannot be read to its end: Header exceeds/,
  );
  t.ok(asked.bytes <= 64 * MIB, `${asked.bytes} bytes were unpacked`);
});

t.test('folders that no state has are refused', async (t) => {
  for (const name of ['unknown/x.json', 'systemd/x.conf', 'services2/ab/x.json']) {
    t.match(await verifyStream(holding(name), []), { findings: [{ problem: /not part of a state/ }] }, name);
  }
});

t.test('nothing of a refused file is left behind', async (t) => {
  const dir = testFolder(t);
  const file = join(dir, 'bomb.tar.gz');
  await pipeline(holding('unknown/x.json'), createGzip(), createWriteStream(file));
  const config = {
    agent: { id: 'a1', state_dir: join(dir, 'state') },
    state_key: new Secret(KEY.toString('base64')),
  };
  await t.rejects(importState({ file, config }), {
    code: 'state_unavailable',
    detail: /not part of a state/,
  });
  t.same(await readdir(dir), ['bomb.tar.gz']);
});

t.test('a record of any kind that cannot be read is reported', async (t) => {
  const dir = join(testFolder(t), 'state');
  await mkdir(join(dir, 'tokens'), { recursive: true, mode: 0o700 });
  await writeFile(join(dir, 'tokens', 'tok_1.json'), '{"half');
  for (const start of ['now', 'at an earlier start']) {
    const state = await openState({ dir, key: KEY, clock: systemClock });
    t.match(state.damaged, [{ file: /^damaged\/tok_1\.json/ }], start);
    t.equal(state.damaged.length, 1);
    await state.close();
  }
});
