/**
 * A real ACME test authority (Pebble) of our own on loopback. It verifies through the name server and HTTP port it is
 * told.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { Agent, request } from 'undici';
import { systemClock } from '../../src/kernel/clock.js';
import { makeCertificate } from '../fakes/certificate.js';
import { freePort } from '../fakes/free-port.js';

export interface RealPebble {
  readonly directoryUrl: string;
  /** PEM file of the CA that signed the directory's own certificate. */
  readonly caFile: string;
  /** PEM of the root that its certificates lead to. */
  root(): Promise<string>;
  stop(): Promise<void>;
}

export interface PebbleOptions {
  readonly dnsPort: number;
  readonly httpPort: number;
  /** Lifetime of its certificates. */
  readonly validityS: number;
  readonly ports?: { readonly acme: number; readonly management: number };
}

export async function realPebble(t: Test, options: PebbleOptions): Promise<RealPebble> {
  const dir = await mkdtemp(join(tmpdir(), 'innkeeper-pebble-'));
  const own = await makeCertificate(['localhost']);
  const at = (name: string): string => join(dir, name);
  await writeFile(at('own.pem'), own.cert);
  await writeFile(at('own.key'), own.key);
  await writeFile(at('ca.pem'), own.ca);
  const { acme, management } = options.ports ?? { acme: await freePort(), management: await freePort() };
  const pebble = {
    listenAddress: `127.0.0.1:${acme}`,
    managementListenAddress: `127.0.0.1:${management}`,
    certificate: at('own.pem'),
    privateKey: at('own.key'),
    httpPort: options.httpPort,
    tlsPort: await freePort(),
    certificateValidityPeriod: options.validityS,
  };
  await writeFile(at('config.json'), JSON.stringify({ pebble }));
  const child = spawn(
    'pebble',
    ['-config', at('config.json'), '-dnsserver', `127.0.0.1:${options.dnsPort}`, '-strict'],
    { stdio: 'ignore', env: { ...process.env, PEBBLE_VA_NOSLEEP: '1' } },
  );
  const dispatcher = new Agent({ connect: { ca: own.ca } });
  const get = async (url: string): Promise<string> => {
    const answer = await request(url, { dispatcher });
    return answer.body.text();
  };
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  t.teardown(async () => {
    await stop();
    await dispatcher.close();
    await rm(dir, { recursive: true, force: true });
  });
  const directoryUrl = `https://localhost:${acme}/dir`;
  const giveUp = AbortSignal.timeout(20_000);
  for (;;) {
    if (child.exitCode !== null) throw new Error(`pebble ended with ${child.exitCode}`);
    try {
      await get(directoryUrl);
      return {
        directoryUrl,
        caFile: at('ca.pem'),
        root: () => get(`https://localhost:${management}/roots/0`),
        stop,
      };
    } catch {
      // not up yet
    }
    await systemClock.sleep(20, giveUp);
  }
}
