/**
 * The memory world as a whole: what its config file names is there, and a world that is started again is the same
 * one.
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { request as secureRequest } from 'node:https';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { Agent, fetch } from 'undici';
import { parse } from 'yaml';
import { renderNginx } from '../../../src/drivers/proxy/nginx/render.js';
import { readAccess } from '../../../src/sandbox/access.js';
import { startMemoryEnvironment } from '../../../src/sandbox/memory/environment.js';
import type { Environment } from '../../../src/sandbox/environment.js';
import { testFolder } from '../../test-folder.js';

const stateDir = testFolder(t);

const Words = Type.Array(Type.String());
const Written = Type.Object({
  api: Type.Object({ socket: Type.String() }),
  container_host: Type.Object({
    proxmox: Type.Object({
      token_id: Type.String(),
      token_secret: Type.Object({ file: Type.String() }),
      ca_file: Type.String(),
    }),
  }),
  proxy: Type.Object({
    nginx: Type.Object({
      dir: Type.String(),
      test: Words,
      reload: Words,
      status_port: Type.Integer(),
      listen: Words,
      http_port: Type.Integer(),
      https_port: Type.Integer(),
      certificate_file: Type.String(),
      certificate_key_file: Type.String(),
      max_upload_mb: Type.Integer(),
      real_ip_from: Words,
    }),
  }),
});

async function start(): Promise<Environment> {
  return startMemoryEnvironment({ stateDir, apiPort: 8080, log: () => {} });
}

/** The page of a site as a visitor gets it. */
async function look(world: Environment, name: string): Promise<string> {
  const ca = await readFile(world.caFile);
  return new Promise((resolve, reject) => {
    secureRequest(
      {
        host: '127.0.0.1',
        port: world.proxy.httpsPort,
        ca,
        servername: name,
        headers: { host: name },
        agent: false,
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve(text));
      },
    )
      .on('error', reject)
      .end();
  });
}

function pveClient(world: Environment, config: { ca: Buffer; token: string }) {
  const dispatcher = new Agent({ connect: { ca: config.ca } });
  t.teardown(() => dispatcher.close());
  const call = async (method: string, path: string, form?: Record<string, string>): Promise<unknown> => {
    const response = await fetch(`${world.pve.url}/api2/json${path}`, {
      dispatcher,
      method,
      headers: { authorization: `PVEAPIToken=${config.token}` },
      ...(form ? { body: new URLSearchParams(form).toString() } : {}),
      ...(form
        ? {
            headers: {
              authorization: `PVEAPIToken=${config.token}`,
              'content-type': 'application/x-www-form-urlencoded',
            },
          }
        : {}),
    });
    t.equal(response.status, 200, `${method} ${path}`);
    const answer: unknown = await response.json();
    return typeof answer === 'object' && answer !== null && 'data' in answer ? answer.data : undefined;
  };
  const task = async (node: string, upid: unknown): Promise<void> => {
    for (let n = 0; n < 1_000; n += 1) {
      const status = await call('GET', `/nodes/${node}/tasks/${encodeURIComponent(String(upid))}/status`);
      if (JSON.stringify(status).includes('"stopped"')) {
        t.match(status, { exitstatus: 'OK' });
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return { call, task };
}

t.test('a world is there, and comes back the same', async (t) => {
  let world = await start();
  t.teardown(() => world.close());
  const text = await readFile(world.configFile, 'utf8');
  const config = Value.Parse(Written, parse(text));
  const { token } = await readAccess(world.configFile);
  t.notMatch(text, token, 'secrets are in files of their own');
  t.equal((await stat(world.configFile)).mode & 0o777, 0o600);
  t.ok(Buffer.byteLength(config.api.socket) < 108, 'the socket path fits');

  const { proxmox } = config.container_host;
  const secret = (await readFile(proxmox.token_secret.file, 'utf8')).trim();
  const client = { ca: await readFile(proxmox.ca_file), token: `${proxmox.token_id}=${secret}` };
  const { call, task } = pveClient(world, client);
  const upid = await call('POST', '/nodes/pve1/lxc/9001/clone', {
    newid: '1000',
    hostname: 'shop',
    pool: 'innkeeper',
  });
  await task('pve1', upid);
  const net0 = 'name=eth0,bridge=vmbr0,ip=10.77.0.10/22,gw=10.77.0.1';
  await call('PUT', '/nodes/pve1/lxc/1000/config', { net0 });
  await task('pve1', await call('POST', '/nodes/pve1/lxc/1000/status/start', {}));

  const { dir } = config.proxy.nginx;
  await mkdir(dir, { recursive: true });
  const mark = { agent: 'sandbox', panel: 'default', service: '1', generation: 1 };
  const upstream = { address: '10.77.0.10', port: 80 };
  const host = { mark, upstream, names: ['shop.sandbox.test'], state: 'enabled' as const };
  await writeFile(join(dir, 'nginx.conf'), renderNginx(config.proxy.nginx, [host], '1'));
  const [command = '', ...args] = config.proxy.nginx.reload;
  await promisify(execFile)(command, args);
  const before = await look(world, 'shop.sandbox.test');
  t.match(before, /Database Error/, 'a clone of the golden template, not set up yet');

  await world.close();
  const first = world;
  world = await start();
  t.same({ ...world, close: undefined }, { ...first, close: undefined }, 'same ports, same files');
  t.equal((await readAccess(world.configFile)).token, token);
  t.equal(await look(world, 'shop.sandbox.test'), before, 'the container runs again and is proxied again');
});

t.test('two worlds on one folder: the second says what is wrong', async (t) => {
  const world = await start();
  t.teardown(() => world.close());
  await t.rejects(start(), /is in use: the sandbox may already be running/);
  t.match(await look(world, 'shop.sandbox.test'), /Database Error/, 'the first one is not disturbed');
});
