/** A real PowerDNS with a zone for the base domain of the sandbox. An SQLite file contains the records. */
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { request } from 'undici';
import { writeText } from '../files.js';
import { run } from './run.js';
import { startServer } from './server-process.js';
import type { ServerProcess } from './server-process.js';

const SCHEMA = '/usr/share/doc/pdns-backend-sqlite3/schema.sqlite3.sql';

export interface PowerDnsOptions {
  readonly dir: string;
  readonly dnsPort: number;
  readonly apiPort: number;
  readonly apiKey: string;
  /** The name of the zone without the final dot. */
  readonly zone: string;
}

export async function startPowerDns(options: PowerDnsOptions): Promise<ServerProcess> {
  const { dir } = options;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const database = join(dir, 'pdns.sqlite3');
  if (!existsSync(database))
    await run(['sqlite3', '-bail', database], { stdin: await readFile(SCHEMA, 'utf8') });
  await writeText(join(dir, 'pdns.conf'), powerDnsConfig(options, database));
  const server = await startServer({
    name: 'PowerDNS',
    argv: ['pdns_server', `--config-dir=${dir}`],
    logFile: join(dir, 'pdns.log'),
    isReady: async () => (await call(options, 'GET', '/servers/localhost')) === 200,
  });
  try {
    await ensureZone(options);
  } catch (error) {
    await server.close();
    throw error;
  }
  return server;
}

function powerDnsConfig({ dir, dnsPort, apiPort, apiKey }: PowerDnsOptions, database: string): string {
  return [
    'launch=gsqlite3',
    `gsqlite3-database=${database}`,
    // A sandbox does not have to survive a power loss.
    'gsqlite3-pragma-synchronous=0',
    `socket-dir=${dir}`,
    'daemon=no',
    'guardian=no',
    'disable-syslog=yes',
    'local-address=127.0.0.1',
    `local-port=${dnsPort}`,
    'webserver=yes',
    'webserver-address=127.0.0.1',
    `webserver-port=${apiPort}`,
    'webserver-allow-from=127.0.0.1/32',
    'api=yes',
    `api-key=${apiKey}`,
    // Caches are disabled because responses must show a change at once. Queries must never be sent to other servers.
    'cache-ttl=0',
    'query-cache-ttl=0',
    'negquery-cache-ttl=0',
    'zone-cache-refresh-interval=0',
    'security-poll-suffix=',
    'default-soa-content=ns1.@ hostmaster.@ 0 10800 3600 604800 60',
    '',
  ].join('\n');
}

async function ensureZone(options: PowerDnsOptions): Promise<void> {
  const zone = `${options.zone}.`;
  if ((await call(options, 'GET', `/servers/localhost/zones/${zone}`)) === 200) return;
  const status = await call(options, 'POST', '/servers/localhost/zones', {
    name: zone,
    kind: 'Native',
    nameservers: [`ns1.${zone}`],
  });
  if (status !== 201) throw new Error(`PowerDNS did not create the zone ${zone} (status ${status})`);
  // This record is needed because resolvers look up the address of the zone's own name server.
  const records = [{ content: '127.0.0.1', disabled: false }];
  const glue = { name: `ns1.${zone}`, type: 'A', ttl: 3600, changetype: 'REPLACE', records };
  const patched = await call(options, 'PATCH', `/servers/localhost/zones/${zone}`, { rrsets: [glue] });
  if (patched !== 204)
    throw new Error(`PowerDNS did not accept the name server of ${zone} (status ${patched})`);
}

/** Returns the status of the response, or 0 if there was no response. */
async function call(
  options: PowerDnsOptions,
  method: 'GET' | 'POST' | 'PATCH',
  path: string,
  body?: object,
): Promise<number> {
  try {
    const answer = await request(`http://127.0.0.1:${options.apiPort}/api/v1${path}`, {
      method,
      headers: { 'x-api-key': options.apiKey, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    });
    await answer.body.dump();
    return answer.statusCode;
  } catch {
    return 0;
  }
}
