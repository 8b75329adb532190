import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import t from 'tap';
import { systemClock } from '../../src/kernel/clock.js';
import { Secret } from '../../src/kernel/secret.js';
import { watchCertificate } from '../../src/certificates/certificate.js';
import { makeCertificate } from '../fakes/certificate.js';
import { testConfig } from '../fakes/config.js';
import { testFolder } from '../test-folder.js';

const YEAR_MS = 366 * 86_400_000;

async function found(config: Parameters<typeof watchCertificate>[0]): Promise<string | undefined> {
  const look = watchCertificate(config, systemClock);
  for (let i = 0; i < 500; i += 1) {
    const certificate = look();
    if (certificate) return certificate.expires_at;
    await systemClock.sleep(10);
  }
  return undefined;
}

t.test(
  'the certificate of the base domain is read, or seen where the proxy is on another host',
  async (t) => {
    const { cert, key } = await makeCertificate(['*.example.test']);
    const file = join(testFolder(t), 'wild.pem');
    await writeFile(file, cert);
    const { agent, proxy } = testConfig();
    const local = {
      agent,
      proxy: { ...proxy, ssh: null, nginx: { ...proxy.nginx, certificate_file: file } },
    };
    const read = (await found(local)) ?? 'none';
    t.ok(Date.parse(read) < Date.now() + 2 * YEAR_MS, read);

    const asked: string[] = [];
    const server = createServer({
      cert,
      key,
      SNICallback(name, done) {
        asked.push(name);
        done(null);
      },
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.teardown(() => server.close());
    const { port } = server.address() as AddressInfo;
    const ssh = {
      host: 'proxy.test',
      port: 22,
      user: 'root',
      private_key: new Secret('key'),
      known_hosts_file: '/nowhere',
      connect_timeout_s: 1,
    };
    const remote = {
      agent,
      proxy: {
        ...local.proxy,
        ...{ ssh, door: { ...proxy.door, address: '127.0.0.1', https_port: port } },
        nginx: { ...proxy.nginx, certificate_file: '/nowhere' },
      },
    };
    t.equal(await found(remote), read);
    t.equal(asked[0], `probe.${agent.base_domain}`);
  },
);
