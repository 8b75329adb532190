import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { asObject } from '../../http/harness.js';
import { mostConnections } from '../../../src/http/server/server.js';
import { testFolder } from '../../test-folder.js';

const run = promisify(execFile);

t.test(
  'a process without descriptors says so, blames no system and no disk, and goes on when there are some',
  async (t) => {
    const server = createServer((_, response) =>
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ name: 'sites.test.', kind: 'Native', account: 'a', rrsets: [] })),
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.teardown(() => server.close());
    const { port } = server.address() as AddressInfo;
    const script = join(import.meta.dirname, 'without-descriptors.js');
    const { stdout } = await run('sh', [
      ...['-c', 'ulimit -n 100; exec "$@"', 'sh', process.execPath, script],
      ...[join(testFolder(t), 'state'), String(port)],
    ]);
    const said = asObject(stdout);
    const lack = 'descriptors_exhausted';
    t.match(said, {
      without: { dns: lack, child: lack, state: 'state_unavailable' },
      again: { dns: 'ok', child: 'ok', state: 'ok' },
      ...{ state: 'closed', failures: 0 },
    });
    t.notOk(Object.keys(said).includes('open'), 'there was none left to count them with');
    t.notOk(Object.keys(said).includes('broken'));
  },
);

t.test('callers leave descriptors for work, whatever the limit is', async (t) => {
  t.equal(mostConnections(undefined), 10_000);
  t.equal(mostConnections(65_536), 10_000);
  t.equal(mostConnections(8_192), 6_144);
  t.equal(mostConnections(1_024), 512);
  t.equal(mostConnections(200), 100);
});
