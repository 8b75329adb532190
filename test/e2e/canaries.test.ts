import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { parse, stringify } from 'yaml';
import { systemClock } from '../../src/kernel/clock.js';
import { Secret } from '../../src/kernel/secret.js';
import { shippedModules } from '../../src/modules/loader.js';
import { startMemoryEnvironment } from '../../src/sandbox/memory/environment.js';
import { openState } from '../../src/state/open.js';
import { fields } from '../http/harness.js';
import { innkeeper } from './processes.js';

const STATE_KEY = Buffer.from('canary-state-key-canary-state-ke');
const PLANTED = {
  'state key': STATE_KEY.toString('base64'),
  'webhook secret': 'canary-webhook-secret-Zq81',
  'webhook URL': 'canary-webhook-url-Pw7x',
  'ACME account key': 'canary-acme-account-key-Lk20',
  'token in a query': 'canary-token-in-query-Ha93',
  'unknown token': 'canary-unknown-token-Mv55xxxxxxxx',
  'secret in a wrong field': 'canary-secret-in-wrong-field-Nb02',
  'secret in an unknown field': 'canary-secret-in-unknown-field-Rt46',
  'secret of a service': 'canary-secret-of-a-service-Ue61',
  'changed secret of a service': 'canary-changed-secret-of-a-service-Pb19',
  'wrong secret of a service': 'hush-Wq3',
};
const PATIENCE_MS = 90_000;

/** A product whose services have a secret. It logs, notes, returns and saves all that it gets. */
const KEYED = `
export default class Keyed {
  info = { type: 'product', name: 'keyed', title: 'Keyed', description: '', version: '1.0.0', author: 'x' };
  settings = { type: 'object' };
  serviceData = {
    type: 'object',
    properties: { api_key: { type: 'string', minLength: 10, secret: true, changeable: true } },
  };
  checkService(data) {
    console.log(JSON.stringify(data));
  }
  flow(method) { return method === 'create' ? this.createJob() : {}; }
  policy() { return {}; }
  createJob() {
    const run = async (context) => {
      const all = { service: context.service, args: context.args, plan: context.plan };
      context.log.info('all', all);
      await context.note(all);
      await context.saveData({ all: JSON.stringify(all) });
      return all;
    };
    return { tell: { run } };
  }
}`;

interface Seen {
  readonly where: string;
  readonly text: string;
}

const record = (seen: Seen[], where: string, text: string): void => void seen.push({ where, text });

/** The value, and the forms in which it slips through a search for it. */
function formsOf(value: string): string[] {
  const line = value.includes('\n')
    ? (value.split('\n').find((one) => /^[A-Za-z0-9+/]{40,}=*$/.test(one)) ?? value)
    : value;
  return [
    ...new Set([line, Buffer.from(line).toString('base64').replace(/=+$/, ''), encodeURIComponent(line)]),
  ];
}

async function filesOf(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Watches command lines and environments of all processes below one. */
function watchChildren(pid: number, seen: Seen[]): () => Promise<number> {
  let over = false;
  let found = 0;
  let own = '';
  const text = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
  const look = async (parent: number): Promise<void> => {
    const tasks = await readdir(`/proc/${parent}/task`).catch(() => []);
    for (const task of tasks) {
      const children = (await text(`/proc/${parent}/task/${task}/children`)).split(' ').filter(Boolean);
      for (const child of children) {
        const line = await text(`/proc/${child}/cmdline`);
        // between fork and exec a child is still the image of the daemon
        if (line === '' || line === own) continue;
        found += 1;
        record(seen, `command line of a child`, line);
        record(seen, `environment of ${line.split('\0', 3).join(' ')}`, await text(`/proc/${child}/environ`));
        await look(Number(child));
      }
    }
  };
  const run = (async () => {
    own = await text(`/proc/${pid}/cmdline`);
    while (!over) {
      await look(pid);
      await delay(3);
    }
  })();
  return async () => {
    over = true;
    await run;
    return found;
  };
}

t.test('no secret leaves the daemon but where it belongs, whatever goes wrong', async (t) => {
  const stateDir = await mkdtemp(join(tmpdir(), 'innkeeper-canary-'));
  t.teardown(() => rm(stateDir, { recursive: true, force: true }));
  const world = await startMemoryEnvironment({ stateDir, apiPort: 0, delays: 0, log: () => {} });
  t.teardown(() => world.close());
  const seen: Seen[] = [];
  const canaries = new Map<string, string>(Object.entries(PLANTED));
  for (const file of await filesOf(join(stateDir, 'secrets')))
    canaries.set(`file ${file.split('/').slice(-1).join()}`, (await readFile(file, 'utf8')).trim());

  for (const file of ['ssh/client_key', 'ca/ca.key', 'ca/proxy.key', 'ca/pve.key'])
    canaries.set(file, await readFile(join(stateDir, file), 'utf8'));

  const heard: string[] = [];
  const receiver = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => heard.push(chunk.toString()));
    request.on('end', () => response.writeHead(heard.length % 3 === 1 ? 500 : 204).end());
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  t.teardown(() => receiver.close());
  const { port } = receiver.address() as AddressInfo;

  const agentDir = join(stateDir, 'agent');
  await mkdir(agentDir, { recursive: true });
  await plantAccount(agentDir);
  const config: Record<string, unknown> = fields(parse(await readFile(world.configFile, 'utf8')));
  const proxmox = fields(fields(config['container_host'])['proxmox']);
  const pveToken = (await readFile(join(stateDir, 'secrets', 'pve-token'), 'utf8')).trim();
  const keyed = join(stateDir, 'more', 'product', 'keyed');
  await mkdir(keyed, { recursive: true });
  await writeFile(join(keyed, 'package.json'), '{"type":"module"}');
  await writeFile(join(keyed, 'module.js'), KEYED);
  const configFile = join(stateDir, 'canary.yaml');
  const hookFile = join(stateDir, 'told-by-command');
  await writeFile(
    configFile,
    stringify({
      ...config,
      log: { level: 'trace' },
      modules: { paths: [join(stateDir, 'more')] },
      state_key: { env: 'CANARY_STATE_KEY' },
      container_host: {
        ...fields(config['container_host']),
        proxmox: { ...proxmox, token_secret: { env: 'CANARY_PVE_TOKEN' } },
      },
      deletion: { hold_s: 0, brake: 1 },
      alerts: {
        hooks: [
          {
            name: 'post',
            url: { env: 'CANARY_URL' },
            secret: { env: 'CANARY_WEBHOOK' },
          },
          { name: 'run', command: ['/bin/sh', '-c', `cat >>${hookFile}; env >>${hookFile}`] },
        ],
      },
    }),
    { mode: 0o600 },
  );
  const env = {
    PATH: process.env['PATH'],
    CANARY_STATE_KEY: PLANTED['state key'],
    CANARY_PVE_TOKEN: pveToken,
    CANARY_URL: `http://127.0.0.1:${port}/${PLANTED['webhook URL']}`,
    CANARY_WEBHOOK: PLANTED['webhook secret'],
  };
  const cli = join(dirname(shippedModules()), 'src', 'cli.js');
  const log: string[] = [];
  const start = async (): Promise<{ daemon: ChildProcess; api: string }> => {
    const daemon = spawn(process.execPath, [cli, 'serve', '--config', configFile], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    t.teardown(() => daemon.kill('SIGKILL'));
    const before = log.length;
    for (const stream of [daemon.stdout, daemon.stderr])
      stream.on('data', (chunk: Buffer) => void log.push(chunk.toString()));
    const late = Date.now() + PATIENCE_MS;
    for (;;) {
      const found = /"api":"(http:[^"]+)"/.exec(log.slice(before).join(''))?.[1];
      if (found !== undefined) return { daemon, api: found };
      if (daemon.exitCode !== null || Date.now() > late) throw new Error(`it did not start: ${log.join('')}`);
      await delay(20);
    }
  };
  /** What a command prints, whatever comes of it; its children are watched as the daemon's are. */
  const run = async (...words: string[]): Promise<string> => {
    const child = spawn(process.execPath, [cli, '--config', configFile, ...words], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const unwatch = watchChildren(child.pid ?? 0, seen);
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => void (said += chunk.toString()));
    await once(child, 'close');
    await unwatch();
    return said;
  };
  const stop = async (daemon: ChildProcess): Promise<void> => {
    const gone = once(daemon, 'exit');
    daemon.kill('SIGTERM');
    await gone;
  };

  let { daemon, api } = await start();
  let stopWatching = watchChildren(daemon.pid ?? 0, seen);
  const token = (await readFile(join(stateDir, 'secrets', 'api-token'), 'utf8')).trim();
  const call = async (
    method: string,
    path: string,
    body?: unknown,
    headers: object = {},
  ): Promise<Record<string, unknown>> => {
    const answer = await fetch(api + path, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const heads = JSON.stringify([...answer.headers]);
    // the two that hand out a password on purpose
    if (!path.includes('/credentials')) record(seen, `answer of ${method} ${path}`, `${heads}\n${text}`);
    try {
      return fields(JSON.parse(text));
    } catch {
      return {};
    }
  };
  const ended = async (answer: Record<string, unknown>): Promise<Record<string, unknown>> => {
    const late = Date.now() + PATIENCE_MS;
    for (;;) {
      const job = await call('GET', `/jobs/${String(answer['job_id'])}`);
      if (job['ended_at'] !== null || job['status'] === 'waiting') return job;
      if (Date.now() > late) throw new Error(`waited in vain: ${JSON.stringify(job)}`);
      await delay(50);
    }
  };
  const fault = async (value: object): Promise<void> => {
    const answer = await fetch(`${world.control}/faults`, { method: 'POST', body: JSON.stringify(value) });
    if (!answer.ok) throw new Error(await answer.text());
  };
  const noFaults = async (): Promise<unknown> => fetch(`${world.control}/faults`, { method: 'DELETE' });
  const order = (id: string): object => ({
    service_id: id,
    email: `s${id}@example.com`,
    plan: 'basic',
    public_ip: '203.0.113.10',
  });

  // a life, with things going wrong
  for (const id of ['1', '2', '3'])
    t.match(await ended(await call('POST', '/create-site', order(id))), { status: 'completed' });
  for (const id of ['1', '2']) {
    const { password } = await call('GET', `/services/${id}/credentials`);
    t.type(password, 'string');
    canaries.set(`administrator's password of ${id}`, String(password));
  }
  await call('POST', '/services/3/credentials/reset', {}, { 'idempotency-key': 'reset-1' })
    .then(ended)
    .catch(() => {});
  const withKey = (key: string): object => ({ module: 'keyed', properties: { api_key: key } });
  for (const [id, key] of [
    ['60', PLANTED['secret of a service']],
    ['61', PLANTED['wrong secret of a service']],
  ] as const)
    t.match(await ended(await call('POST', '/create-site', { ...order(id), ...withKey(key) })), {
      status: 'completed',
    });
  const changed = { properties: { api_key: PLANTED['changed secret of a service'] } };
  t.match(await call('PATCH', '/services/60', changed, { 'idempotency-key': 'change-60' }), {
    data: { api_key: '********' },
  });
  for (const broken of [
    {
      target: 'pve',
      path: 'snapshot',
      kind: { status: 500, reason: 'got no worker upid', errors: { a: 'b' } },
    },
    { target: 'exec', kind: { drop: 'before' } },
    { target: 'exec', kind: { status: 1 } },
    { target: 'dns', kind: { status: 401 } },
    { target: 'pve', path: 'clone', kind: { taskError: 'unable to create CT - storage is full' } },
    { target: 'pve', kind: { cut: true }, times: 3 },
    { target: 'proxy', kind: { down: true } },
    { target: 'pve', kind: { status: 401, reason: 'No ticket' } },
  ]) {
    await fault(broken).catch(() => {});
    await call('POST', '/action/mkbak', { service_id: '1' }, { prefer: 'respond-async' });
    await call('POST', '/action/restart', { service_id: '2' }, { prefer: 'respond-async' });
    await call('POST', '/create-site', order(`9${Math.random().toString(36).slice(2, 8)}`));
    await delay(700);
    await call('GET', '/jobs');
    await noFaults();
  }
  await call('GET', `/status?service_id=1&token=${PLANTED['token in a query']}`);
  await call('GET', '/plans', undefined, { authorization: `Bearer ${PLANTED['unknown token']}` });
  await call('POST', '/create-site', undefined, { authorization: `Bearer ${PLANTED['unknown token']}` });
  await call('POST', '/create-site', `{"email": "${PLANTED['secret in a wrong field']}`);
  await call('POST', '/create-site', { ...order('77'), email: PLANTED['secret in a wrong field'] });
  await call('POST', '/create-site', { ...order('78'), public_ip: PLANTED['secret in a wrong field'] });
  const unknown = PLANTED['secret in an unknown field'];
  for (const [path, body] of [
    ['/create-site', { ...order('79'), password: unknown }],
    ['/create-site', { ...order('80'), properties: { password: unknown } }],
    ['/suspend', { service_id: '3', reason: unknown }],
    ['/action/setdomain', { service_id: '3', domain: 'x.test', password: unknown }],
    ['/customdomain/add/zone', { user_id: '1', domain: 'x.test', token: unknown }],
    ['/customdomain/add/record', { zone: 'x.test', type: 'TXT', name: 'a', ttl: 60, password: unknown }],
    ['/panel/sync', [{ service_id: '3', status: 'active', password: unknown }]],
    [`/${unknown}`, { password: unknown }],
  ] as const)
    await call('POST', path, body, { 'idempotency-key': `odd-${path.slice(1, 9)}` });
  for (const id of ['1', '2'])
    await call('POST', '/delete-site', { service_id: id }, { prefer: 'respond-async' });

  // everything that can be asked for
  const jobs = await call('GET', '/jobs');
  const list: unknown = jobs['jobs'];
  for (const job of Array.isArray(list) ? list.map(fields) : [])
    await call('GET', `/jobs/${String(job['id'])}`);
  for (const path of [
    '/metrics',
    '/events',
    '/audit',
    '/alerts?all=true',
    '/openapi.json',
    '/services',
    '/services/3',
    '/services/60',
    '/services/60/overview',
    '/modules/product/keyed',
    '/health',
    '/ready',
    '/nothing',
  ])
    await call('GET', path);
  const stream = await fetch(
    `${api}/jobs/${String(fields(Array.isArray(list) ? list[0] : {})['id'])}/events`,
    {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(3_000),
    },
  );
  const reader = stream.body?.getReader();
  const chunk = await reader?.read().catch(() => undefined);
  record(seen, 'stream of a job', Buffer.from(chunk?.value ?? []).toString());
  await reader?.cancel().catch(() => {});
  const made = await innkeeper('--config', configFile, 'token', 'create', '--name', 'canary');
  canaries.set('a token that was made', made.trim());
  for (const words of [
    ['token', 'list'],
    ['job', 'list'],
    ['service', 'list'],
    ['service', 'show', '3'],
    ['service', 'show', '60', '--json'],
    ['audit', '--json'],
    ['audit'],
    ['alerts', '--all'],
    ['--version'],
  ])
    record(seen, words.join(' '), await innkeeper('--config', configFile, ...words));
  const sick = await run('doctor', '--json');
  t.match(sick, /"name": "exec\.key"/, 'the doctor looks at all of it');
  record(seen, 'doctor --json', sick);
  await fault({ target: 'dns', kind: { status: 401 } });
  await fault({ target: 'exec', kind: { drop: 'before' } });
  for (const words of [
    ['doctor'],
    ['state', 'verify', '--json'],
    ['state', 'rotate-key', '--discard-former'],
    ['config', 'check'],
    ['proxy', 'files', join(stateDir, 'proxy-files')],
    ['reconcile', '--dry-run', '--json'],
    ['job', 'list', '--json'],
  ])
    record(seen, words.join(' '), await run(...words));
  await noFaults();
  const rotated = await run('token', 'rotate', 'canary');
  canaries.set('a token that was rotated', /ik_\S+/.exec(rotated)?.[0] ?? rotated);
  const exported = join(stateDir, 'export.tar.gz');
  t.match(await run('state', 'export', exported), /files as of/);
  record(seen, 'the export', gunzipSync(await readFile(exported)).toString('latin1'));
  t.equal((await stat(exported)).mode & 0o077, 0, 'the export is private');
  const late = Date.now() + 30_000;
  while (heard.join('').split('"raised"').length < 2 && Date.now() < late) await delay(100);
  t.match(heard.join(''), /"alert":"deletion_brake"/, 'the webhook was told');
  record(seen, 'what the webhook was told', heard.join(''));
  const children = await stopWatching();
  t.ok(children > 5, `${children} looks at children`);
  await stop(daemon);
  t.match(await readFile(hookFile, 'utf8'), /"alert":"deletion_brake"/, 'the command was told');
  record(seen, 'input and environment of the hook', await readFile(hookFile, 'utf8'));
  for (const [name, secret] of await secretsIn(agentDir)) canaries.set(name, secret);

  // the rest of the life, after a start
  ({ daemon, api } = await start());
  stopWatching = watchChildren(daemon.pid ?? 0, seen);
  for (const id of ['1', '2', '3'])
    await call('POST', '/delete-site', { service_id: id }, { prefer: 'respond-async' });
  await delay(1_500);
  await call('GET', '/metrics');
  await stopWatching();
  await stop(daemon);

  record(seen, 'the log', log.join(''));
  for (const file of await filesOf(agentDir)) {
    record(seen, file.slice(agentDir.length + 1), await readFile(file, 'latin1'));
    t.equal((await stat(file)).mode & 0o077, 0, `${file.slice(agentDir.length)} is private`);
  }
  t.equal((await stat(agentDir)).mode & 0o777, 0o700);
  t.ok(canaries.size > 15, `${canaries.size} canaries: ${[...canaries.keys()].join(', ')}`);
  const journey = { request_id: /./, job_id: /./, service_id: '1', step: 'container' };
  const lines = log
    .join('')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => fields(JSON.parse(line)));
  const step = lines.find(
    ({ msg, service_id: id }) => msg === 'the step container of create has completed' && id === '1',
  );
  t.match(step, { ...journey, method: 'create', outcome: 'done', duration_ms: Number });
  const driver = lines.find(
    ({ msg, request_id: id }) =>
      msg === 'the call ensureContainer to guest succeeded' && id === step?.['request_id'],
  );
  t.match(
    driver,
    { ...journey, driver: 'guest', result: 'ok', ms: Number },
    'the request is known down to the driver',
  );
  for (const [name, value] of canaries) {
    t.ok(value.length >= 8, name);
    for (const form of formsOf(value)) {
      const leaks = seen.filter(({ where, text }) => text.includes(form) && !isTold(name, where));
      const shown = [...new Set(leaks.map(({ where, text }) => `${where}: ${around(text, form)}`))].slice(
        0,
        3,
      );
      t.same(shown, [], `${name} is nowhere to be seen`);
    }
  }
});

/** Whoever asks for the domain must learn what to put into its zone; nobody else does. */
function isTold(name: string, where: string): boolean {
  return name.startsWith('domain_challenge') && where === 'answer of POST /action/setdomain';
}

function around(text: string, form: string): string {
  const at = text.indexOf(form);
  return text.slice(Math.max(0, at - 120), at + 20).replaceAll('\0', ' ');
}

async function plantAccount(dir: string): Promise<void> {
  const state = await openState({ dir, key: STATE_KEY, clock: systemClock });
  await state.acmeAccounts.commit('a1', () => ({
    ...{ schema: 1 as const, id: 'a1', directoryUrl: 'https://acme.test', url: null },
    key: new Secret(PLANTED['ACME account key']),
  }));
  await state.close();
}

/** Every secret that the state holds, by where. */
async function secretsIn(dir: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const state = await openState({ dir, key: STATE_KEY, clock: systemClock });
  for (const { key } of state.services.entries())
    for (const [name, secret] of Object.entries((await state.services.get(key)).secrets))
      found.set(`${name} of ${key}`, secret.reveal());
  for (const { id, certificate } of state.domains.list())
    if (certificate) found.set(`certificate key of ${id}`, certificate.key.reveal());
  for (const { id, answer } of state.remembered.list())
    for (const [, password] of (answer?.body.reveal() ?? '').matchAll(/"password":"([^"]+)"/g))
      found.set(`remembered answer ${id}`, String(password));
  await state.close();
  return found;
}
