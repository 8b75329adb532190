/** Modules that are installed from archives, with the whole daemon around them. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import t from 'tap';
import { parse } from 'yaml';
import { readFile } from 'node:fs/promises';
import { asObject, fields } from '../http/harness.js';
import { testFolder } from '../test-folder.js';
import { type Fields, type House, order } from './harness.js';
import { changed, moduleHouse } from './modules.js';
import { completed, innkeeper } from './operator.js';

const product = (name: string, version: string): string => `
export default class Own {
  info = { type: 'product', name: '${name}', title: 'Own', description: '', version: '${version}', author: 'x' };
  settings = { type: 'object' };
  parts = [];
  policy() { return {}; }
  flow(method) { return method === 'create' ? this.createJob() : {}; }
  createJob() { return { make: { run: ({ saveData }) => saveData({ made: '${version}' }) } }; }
}`;

async function write(folder: string, name: string, code: string): Promise<string> {
  const at = join(folder, 'product', name);
  await mkdir(at, { recursive: true });
  await writeFile(join(at, 'package.json'), '{"type":"module"}');
  await writeFile(join(at, 'module.js'), code);
  return at;
}

t.test(
  'a module is installed from a folder and from a tgz, activated, updated, and used after a restart',
  async (t) => {
    const folder = testFolder(t);
    const { house } = await moduleHouse(t, {});
    const at = await write(folder, 'acme-shop', product('acme-shop', '1.0.0'));
    const first = await innkeeper(house, 'module', 'install', at);
    t.match(first, {
      err: '',
      code: 0,
      out: /Installed product\/acme-shop 1\.0\.0.*module activate product\/acme-shop/,
    });
    t.match((await house.get('/modules/product/acme-shop')).body, {
      state: 'inactive',
      reason: 'it was not activated yet',
    });
    t.match(await changed(house, 'product/acme-shop', 'activate'), { state: 'active', version: '1.0.0' });
    await house.make('a', { module: 'acme-shop' });

    await write(folder, 'acme-shop', product('acme-shop', '1.1.0'));
    await innkeeper(house, 'module', 'pack', at, '--to', folder);
    t.match(await innkeeper(house, 'module', 'install', join(folder, 'product-acme-shop-1.1.0.tgz')), {
      out: /module update product\/acme-shop/,
    });
    await rm(folder, { recursive: true });
    t.match(await changed(house, 'product/acme-shop', 'update'), {
      version: '1.1.0',
      former_versions: ['1.0.0'],
    });
    await house.restart();
    t.match((await house.get('/modules/product/acme-shop')).body, { state: 'active', version: '1.1.0' });
    await house.post('/create-site', order('b', { module: 'acme-shop' }));
    await house.untilStatus('b', completed);
  },
);

t.test('what cannot be installed is refused, and leaves nothing', async (t) => {
  const folder = testFolder(t);
  const { house, stateDir } = await moduleHouse(t, { 'acme-own': product('acme-own', '1.0.0') });
  const ofDeadDaemon = join(stateDir, 'modules', '.unpacked-1', 'product');
  await mkdir(ofDeadDaemon, { recursive: true });
  const refused = async (name: string, code: string): Promise<string> =>
    (await innkeeper(house, 'module', 'install', await write(folder, name, code))).err;
  t.match(await refused('shop', product('shop', '1.0.0')), /must begin with a prefix, e\.g\. acme-shop/);
  t.match(await refused('acme-own', product('acme-own', '2.0.0')), /is part of the agent, or is in a folder/);
  t.match(await refused('acme-loop', 'for (;;);'), /cannot be used/);

  const tgz = async (
    ...files: [Parameters<ReturnType<typeof pack>['entry']>[0], string?][]
  ): Promise<Buffer> => {
    const archive = pack();
    for (const [header, content = ''] of files) archive.entry(header, content);
    archive.finalize();
    const chunks: Buffer[] = [];
    for await (const chunk of archive) chunks.push(chunk as Buffer);
    return gzipSync(Buffer.concat(chunks));
  };
  const cases: [string, Buffer, string, number, RegExp][] = [
    ['no tgz', Buffer.from('{}'), 'application/gzip', 400, /cannot be read/],
    ['empty', Buffer.alloc(0), 'application/gzip', 400, /./],
    ['JSON', Buffer.from('{}'), 'application/json', 415, /must be a tgz/],
    ['another type', Buffer.from('x'), 'text/html', 415, /./],
    ['nothing in it', await tgz(), 'application/gzip', 400, /no module/],
    ['out of it', await tgz([{ name: 'product/acme-x/../../y' }, 'x']), 'application/gzip', 400, /not below/],
    [
      'a link',
      await tgz([{ name: 'product/acme-x/l', type: 'symlink', linkname: '/etc/passwd' }]),
      'application/gzip',
      400,
      /only files/,
    ],
    [
      'an add-on',
      await tgz([{ name: 'product/acme-x/a.node' }, 'x']),
      'application/gzip',
      400,
      /native add-on/,
    ],
    [
      'two modules',
      await tgz([{ name: 'product/acme-x/a' }, 'x'], [{ name: 'product/acme-y/a' }, 'x']),
      'application/gzip',
      400,
      /more than one/,
    ],
    [
      'a wrong name',
      await tgz([{ name: 'thing/acme-x/a' }, 'x']),
      'application/gzip',
      400,
      /is not .type.\/.name. of a module/,
    ],
    [
      'cut off',
      (await tgz([{ name: 'product/acme-x/a' }, 'x'.repeat(9_000)])).subarray(0, 60),
      'application/gzip',
      400,
      /cannot be read/,
    ],
    [
      'too large',
      await tgz([{ name: 'product/acme-x/a' }, 'x'.repeat(65 * 1024 ** 2)]),
      'application/gzip',
      400,
      /larger than 64 MiB/,
    ],
  ];
  for (const [title, body, type, status, problem] of cases) {
    const answer = await post(house, body, type);
    t.equal(answer.status, status, title);
    t.match(answer.body['error'], problem, title);
  }
  t.same(
    (await readdir(join(stateDir, 'modules'))).filter((name) => name.startsWith('.unpacked')),
    [],
  );
  t.match(await house.post('/modules/install', {}), { status: 404 }, 'not on the network');
  await house.make('site');
});

/** Sends the body to the socket of the daemon. */
async function post(house: House, body: Buffer, type: string): Promise<{ status: number; body: Fields }> {
  const config = fields(parse(await readFile(house.configFile, 'utf8')));
  const socketPath = String(fields(config['api'])['socket']);
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': type, 'content-length': body.length };
    const call = request({ socketPath, method: 'POST', path: '/modules/install', headers }, (response) => {
      text(response).then(
        (said) => resolve({ status: response.statusCode ?? 0, body: asObject(said) }),
        reject,
      );
    });
    // the daemon may answer before it has read everything
    call.on('error', () => {});
    Readable.from([body]).pipe(call);
  });
}
