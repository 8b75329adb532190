/** Servers of modules, their credentials and the places of services in an exported state. */
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import t, { type Test } from 'tap';
import { systemClock } from '../../../src/kernel/clock.js';
import { Secret } from '../../../src/kernel/secret.js';
import type { Server } from '../../../src/model/server.js';
import type { State } from '../../../src/state/contract.js';
import { openState } from '../../../src/state/open.js';
import { exportAtRest } from '../../../src/state/transfer/export-at-rest.js';
import { importState } from '../../../src/state/transfer/import.js';
import { type Verified, verifyFile, verifyFolder } from '../../../src/state/transfer/verify.js';
import { testFolder } from '../../test-folder.js';
import { KEY, sampleService } from '../samples.js';

const SERVER: Server = {
  ...{ id: 'srv_1', module: { type: 'product', name: 'panel' }, name: 'web1', group: 'default' },
  ...{ host: '192.0.2.1', port: 443, tls: {}, maxAccounts: 1, active: true, data: {} },
  credentials: { token: new Secret('canary-of-the-server') },
  ...{ createdAt: '2026-03-01T12:00:00.000Z', updatedAt: '2026-03-01T12:00:00.000Z' },
};
const open = (dir: string): Promise<State> => openState({ dir, key: KEY, clock: systemClock });
const sentences = ({ findings }: Verified): string[] =>
  findings.map(({ file, problem }) => `${file} ${problem}`);

/** A state with a server, on which a service has an account. */
async function filled(t: Test): Promise<string> {
  const dir = join(testFolder(t), 'state');
  const state = await open(dir);
  await state.servers.commit(SERVER.id, () => SERVER);
  const service = { ...sampleService('12'), guest: null, site: null, server: { id: SERVER.id, place: 1 } };
  await state.services.commit('default/12', () => service);
  await state.close();
  return dir;
}

t.test('an export contains the servers, and an import makes them as they were', async (t) => {
  const dir = await filled(t);
  const file = `${dir}.tar.gz`;
  const config = (at: string) => ({
    agent: { id: 'a1', state_dir: at },
    state_key: new Secret(KEY.toString('base64')),
  });
  const source = await exportAtRest({
    config: config(dir),
    withKey: false,
    madeAt: '2026-03-01T12:00:00.000Z',
  });
  await pipeline(source, createGzip(), createWriteStream(file));
  t.same(sentences(await verifyFile(file, [KEY])), []);
  t.notMatch(await readFile(join(dir, 'servers', 'srv_1.json'), 'utf8'), /canary/);
  const copy = join(testFolder(t), 'copy');
  await importState({ file, config: config(copy) });
  const state = await open(copy);
  t.teardown(() => state.close());
  t.equal(state.servers.find('srv_1')?.credentials['token']?.reveal(), 'canary-of-the-server');
  t.same([...state.services.placesOn('srv_1')], [1], 'the place is taken again after a start');
  const other = { ...sampleService('13'), guest: null, site: null, server: { id: 'srv_1', place: 1 } };
  await t.rejects(
    state.services.commit('default/13', () => other),
    { code: 'capacity_exhausted' },
  );
});

t.test('an account without its server is found', async (t) => {
  const dir = await filled(t);
  const state = await open(dir);
  await state.servers.remove('srv_1');
  await state.close();
  t.match(sentences(await verifyFolder(dir, [KEY])), [
    /has an account on the server srv_1, but there is no such server/,
  ]);
});
