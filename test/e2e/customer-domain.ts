/**
 * The world outside for customers' domains: Pebble as their certificate authority, and their zones, which the world's
 * PowerDNS answers for.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Type } from 'typebox';
import { Agent, fetch } from 'undici';
import { parse } from 'yaml';
import { openCa } from '../../src/sandbox/ca.js';
import { freePort } from '../fakes/free-port.js';
import { checked, readText } from './processes.js';

const Config = Type.Object({
  dns: Type.Object({ powerdns: Type.Object({ url: Type.String() }) }),
  proxy: Type.Object({ nginx: Type.Object({ http_port: Type.Integer(), https_port: Type.Integer() }) }),
});

export interface Authority {
  /** `domains:` of the daemon's config: look-ups at this PowerDNS, certificates from this Pebble. */
  readonly domains: object;
  /** PEM file of its root and of the sandbox's CA. */
  readonly trustFile: string;
  stop(): Promise<void>;
}

/** Pebble reaches the names' port 80 at the proxy: their addresses must be this machine's. */
export async function startAuthority(stateDir: string, dnsPort: number): Promise<Authority> {
  const { proxy } = checked(Config, parse(await readText(join(stateDir, 'innkeeper.yaml'))));
  const ca = await openCa(join(stateDir, 'ca'));
  const own = await ca.certificate('pebble', ['localhost', '127.0.0.1']);
  const [port, management] = [await freePort(), await freePort()];
  const configFile = join(stateDir, 'pebble.json');
  const pebble = {
    listenAddress: `127.0.0.1:${port}`,
    managementListenAddress: `127.0.0.1:${management}`,
    certificate: own.certFile,
    privateKey: own.keyFile,
    httpPort: proxy.nginx.http_port,
    tlsPort: proxy.nginx.https_port,
  };
  await writeFile(configFile, JSON.stringify({ pebble }));
  const child = spawn('pebble', ['-config', configFile, '-dnsserver', `127.0.0.1:${dnsPort}`], {
    stdio: 'ignore',
    env: { ...process.env, PEBBLE_VA_NOSLEEP: '1' },
  });
  const gone = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await gone;
  };
  try {
    const trustFile = join(stateDir, 'trust.pem');
    await writeFile(trustFile, `${await rootOf(management, ca.ca)}\n${await readFile(ca.caFile, 'utf8')}`);
    return { domains: domainsOf(port, dnsPort, ca.caFile), trustFile, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function domainsOf(port: number, dnsPort: number, caFile: string): object {
  return {
    resolvers: [`127.0.0.1:${dnsPort}`],
    dns_port: dnsPort,
    lab_networks: ['127.0.0.0/8'],
    closed_networks: [],
    acme: { enabled: true, directory_url: `https://127.0.0.1:${port}/dir`, ca_file: caFile },
  };
}

/** Made anew by every Pebble. */
async function rootOf(port: number, ca: string): Promise<string> {
  const dispatcher = new Agent({ connect: { ca } });
  const deadline = Date.now() + 30_000;
  for (;;) {
    try {
      const answer = await fetch(`https://127.0.0.1:${port}/roots/0`, { dispatcher });
      const root = await answer.text();
      await dispatcher.close();
      return root;
    } catch (error) {
      if (Date.now() > deadline) throw new Error('Pebble does not come up', { cause: error });
      await delay(50);
    }
  }
}

/** A zone with its name server at this machine, and addresses of names in it. */
export async function makeZone(
  stateDir: string,
  zone: string,
  addresses: Readonly<Record<string, string>>,
): Promise<void> {
  const { dns } = checked(Config, parse(await readText(join(stateDir, 'innkeeper.yaml'))));
  const key = (await readText(join(stateDir, 'secrets', 'powerdns-api-key'))).trim();
  const rrsets = Object.entries({ ...addresses, [`ns1.${zone}`]: '127.0.0.1' }).map(([name, content]) => ({
    name: `${name}.`,
    type: 'A',
    ttl: 60,
    records: [{ content, disabled: false }],
  }));
  const answer = await fetch(`${dns.powerdns.url}/api/v1/servers/localhost/zones`, {
    method: 'POST',
    headers: { 'x-api-key': key, 'content-type': 'application/json' },
    body: JSON.stringify({ name: `${zone}.`, kind: 'Native', nameservers: [`ns1.${zone}.`], rrsets }),
  });
  if (answer.status !== 201) throw new Error(`PowerDNS did not make ${zone}: ${await answer.text()}`);
}
