import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { AppDeps } from '../../../src/http/server/app.js';
import { listenOnNetwork, listenOnSocket } from '../../../src/http/server/listen.js';
import { makeRig } from '../harness.js';

async function depsWith(t: Test, api: Partial<AppDeps['config']['api']>): Promise<AppDeps> {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  return { ...rig.deps, config: { ...rig.deps.config, api: { ...rig.deps.config.api, tls: null, ...api } } };
}

t.test('an address that cannot be had is told in words of the configuration', async (t) => {
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
  t.teardown(() => squatter.close());
  const { port } = squatter.address() as AddressInfo;
  await t.rejects(listenOnNetwork(await depsWith(t, { host: '127.0.0.1', port })), {
    message: `api.port: another program listens on 127.0.0.1:${port}; stop that program, or choose a different port`,
  });
  await t.rejects(listenOnNetwork(await depsWith(t, { host: '203.0.113.77', port: 0 })), {
    message: 'api.host: this machine does not have this address (203.0.113.77:0)',
  });
});

t.test(
  'a socket that another daemon answers at stays its own; one that nobody answers at is replaced',
  async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'innkeeper-'));
    t.teardown(() => rm(folder, { recursive: true }));
    const socket = join(folder, 'innkeeper.sock');
    const first = await listenOnSocket(await depsWith(t, { socket }));
    await t.rejects(listenOnSocket(await depsWith(t, { socket })), {
      message: `api.socket: another daemon listens on ${socket}; give each its own socket`,
    });
    await first.close();
    // as after kill -9: the file is there, and nobody behind it
    const script = `require('net').createServer().listen(${JSON.stringify(socket)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', script]);
    const second = await listenOnSocket(await depsWith(t, { socket }));
    await second.close();
    const deep = join(folder, 'made');
    const third = await listenOnSocket(await depsWith(t, { socket: join(deep, 'cli.sock') }));
    t.same(await readdir(deep), ['cli.sock']);
    await third.close();
    t.same(await readdir(folder), [], 'a folder that was made for the socket goes with it, no other does');
    await t.rejects(listenOnSocket(await depsWith(t, { socket: join(folder, 'x'.repeat(100)) })), {
      message: /^api\.socket: .* is longer than 107 bytes/,
    });
  },
);
