import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { readExpiry } from '../../src/cli/tokens/token.js';
import { VERSION } from '../../src/kernel/version.js';
import { asObject, fields, makeRig, ORDER } from '../http/harness.js';
import { testFolder } from '../test-folder.js';

const CLI = fileURLToPath(new URL('../../src/innkeeper.cjs', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function innkeeper(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, ...args], { env: { PATH: process.env['PATH'], ...env } });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (out += String(text)));
    child.stderr.setEncoding('utf8').on('data', (text) => (err += String(text)));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

/** Not in tap's own folder: a socket's path has 107 bytes at most. */
async function socketPath(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'innkeeper-cli-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'innkeeper.sock');
}

t.test('commands ask the daemon over its socket', async (t) => {
  const rig = await makeRig('socket');
  t.teardown(() => rig.close());
  const socket = await socketPath(t);
  const dir = dirname(socket);
  await writeFile(join(dir, 'good.yaml'), 'agent: {state_dir: .}\n');
  await rig.app.listen({ path: socket });
  const env = { INNKEEPER_SOCKET: socket };
  await rig.call('POST', '/create-site', ORDER, '');

  const made = await innkeeper(
    [
      'token',
      'create',
      '--name',
      'paymenter',
      '--panel',
      'staging',
      '--expires',
      '1y',
      '--networks',
      '192.0.2.0/24',
    ],
    env,
  );
  t.match(made, { code: 0, out: /^ik_[A-Za-z0-9_-]{43}\n$/, err: /only time/ });
  t.match(
    rig.state.tokens.list().find(({ name }) => name === 'paymenter'),
    { panel: 'staging', networks: ['192.0.2.0/24'] },
  );
  const tokens = await innkeeper(['token', 'list', '--config', join(dir, 'good.yaml')]);
  t.match(
    tokens.out,
    /^ID +NAME +PANEL +PERMISSIONS.*\nconfig:installed +installed .* live\n(tok_.*\n)+/,
    'the socket is found through the configuration',
  );
  t.match(await innkeeper(['token', 'revoke', 'paymenter'], env), { code: 0, out: /has been revoked\.\n$/ });
  t.match(await innkeeper(['token', 'revoke', 'nobody'], env), {
    code: 1,
    out: '',
    err: 'innkeeper: No active token has this ID or name.\n',
  });
  t.match(await innkeeper(['token', 'create', '--name', 'x', '--permissions', 'root'], env), {
    code: 1,
    err: /must be one or more of/,
  });

  const services = await innkeeper(['service', 'list'], env);
  t.match(
    services.out,
    /^ID +STATUS +PLAN .*\n12345 +processing +basic +customer\.sites\.example\.net +10000 /,
  );
  t.match(
    (await innkeeper(['service', 'show', '12345'], env)).out,
    /^id +12345\nstatus +processing\n[^]*\nID +SERVICE +METHOD/,
  );
  t.match(await innkeeper(['service', 'show', '12345', '--panel', 'staging'], env), {
    code: 1,
    err: /no service with this id/,
  });
  const jobs = await innkeeper(['job', 'list', '--status', 'queued', '--json'], env);
  const job = String(fields(fields(JSON.parse(jobs.out))['0'])['id']);
  t.match((await innkeeper(['job', 'show', job], env)).out, new RegExp(`^id +${job}\\n`));
  t.match(await innkeeper(['job', 'list', '--status', 'fine'], env), {
    code: 1,
    err: /^innkeeper: status must /,
  });
  t.equal(
    asObject((await innkeeper(['service', 'show', '12345', '--json'], env)).out)['service_id'],
    '12345',
  );
});

t.test('what operators do to services and jobs', async (t) => {
  const rig = await makeRig('socket');
  t.teardown(() => rig.close());
  const socket = await socketPath(t);
  await rig.app.listen({ path: socket });
  const env = { INNKEEPER_SOCKET: socket };
  await rig.call('POST', '/create-site', ORDER, '');
  t.match(await innkeeper(['service', 'reset-credentials', '12345'], env), {
    code: 0,
    out: /^The job is still running: innkeeper job show [0-9a-f-]{36}\n$/,
  });
  t.match(await innkeeper(['service', 'forget', '12345'], env), { code: 2, err: /--confirm/ });
  t.match(await innkeeper(['service', 'forget', '12345', '--confirm', '1234'], env), {
    code: 1,
    err: /must repeat the ID of the service/,
  });
  t.match(await innkeeper(['service', 'forget', '12345', '--confirm', '12345', '--json'], env), {
    code: 0,
    out: /"job_id": "[0-9a-f-]{36}"/,
  });
  const { jobs } = await rig.state.services.get('default/12345');
  t.same(
    jobs.map(({ method }) => method),
    ['create', 'resetPassword', 'forget'],
  );
});

t.test('a token with three valid values is reported, with the command that leaves one', async (t) => {
  const rig = await makeRig('socket');
  t.teardown(() => rig.close());
  const socket = await socketPath(t);
  await rig.app.listen({ path: socket });
  const env = { INNKEEPER_SOCKET: socket };
  const id = asObject((await innkeeper(['token', 'create', '--name', 'paymenter', '--json'], env)).out)['id'];
  const secret = { code: 0, out: /^ik_[A-Za-z0-9_-]{43}\n$/ };
  const second = await innkeeper(['token', 'rotate', 'paymenter', '--overlap', '7d'], env);
  t.match(second, { ...secret, err: /old value valid until +\d{4}-/ });
  t.notMatch(second.err, /--now/, 'two values are what a rotation is for');
  const third = await innkeeper(['token', 'rotate', 'paymenter', '--overlap', '7d'], env);
  t.match(third, { ...secret, err: /This token has 3 valid values now\./ });
  const [, command = ''] = /"innkeeper ([^"]* --now)"/.exec(third.err) ?? [];
  t.equal(command, `token rotate ${String(id)} --now`);
  const last = await innkeeper([...command.split(' '), '--json'], env);
  t.match(asObject(last.out), { id, texts: 1, former_until: null }, 'the printed command leaves one');
  t.match(await innkeeper(['token', 'rotate', 'paymenter', '--overlap', 'soon'], env), {
    code: 1,
    err: 'innkeeper: --overlap must be 0 or a duration such as 12h, not "soon".\n',
  });
});

t.test('a test alert names each hook with its result, and fails when one failed', async (t) => {
  const rig = await makeRig('socket');
  t.teardown(() => rig.close());
  const socket = await socketPath(t);
  await rig.app.listen({ path: socket });
  const results: { hook: string; problem: string | null }[] = [];
  Object.assign(rig.deps.alerts, { test: async () => results });
  const test = (...args: string[]): Promise<Ended> =>
    innkeeper(['alerts', 'test', ...args], { INNKEEPER_SOCKET: socket });
  t.match(await test(), { code: 1, out: '', err: /has no alerts\.hooks/ });
  results.push({ hook: 'pager', problem: null });
  t.match(await test(), { code: 0, out: 'pager: delivered\n', err: '' });
  results.push({ hook: 'mail', problem: 'exit code 1' });
  t.match(await test(), {
    code: 1,
    out: 'pager: delivered\nmail: exit code 1\n',
    err: 'innkeeper: 1 of 2 hooks failed.\n',
  });
  t.match(await test('--json'), { code: 1, out: /"problem": "exit code 1"/ });
});

t.test('without a daemon a command says so', async (t) => {
  const dir = testFolder(t, { 'a.yaml': 'agent: {state_dir: .}\n', 'broken.yaml': 'a: [\n' });
  t.match(await innkeeper(['job', 'list', '--config', join(dir, 'a.yaml')]), {
    code: 1,
    out: '',
    err: /^innkeeper: The daemon is not running .*innkeeper serve\n$/,
  });
  t.match(await innkeeper(['job', 'list', '--config', join(dir, 'none.yaml')]), {
    code: 1,
    err: /^innkeeper: Cannot read the configuration .*; use --config to name a different file\.\n$/,
  });
  t.match(await innkeeper(['job', 'list', '--config', join(dir, 'broken.yaml')]), {
    code: 1,
    err: /Cannot read the configuration .*--config/,
  });
});

t.test('a daemon of another release is named, with what to do', async (t) => {
  const socket = await socketPath(t);
  const answers: [number, string, object][] = [
    [404, '0.0.9', { error: 'Endpoint not found.', code: 'route_not_found' }],
    [400, '', { error: 'permissions must be one or more of: a.', code: 'invalid_request' }],
    [404, VERSION, { error: 'There is no such job.', code: 'job_not_found' }],
  ];
  const server = createServer((_, response) => {
    const [status = 500, version = '', body = {}] = answers.shift() ?? [];
    response.writeHead(status, version === '' ? {} : { 'innkeeper-version': version });
    response.end(JSON.stringify({ success: false, ...body }));
  }).listen(socket);
  await once(server, 'listening');
  t.teardown(() => server.close());
  const said = async (): Promise<string> =>
    (await innkeeper(['job', 'list'], { INNKEEPER_SOCKET: socket })).err;
  const releases = (version: string): string =>
    `The running daemon is release ${version}, and this command is release ${VERSION}. To restart the daemon: systemctl restart innkeeper`;
  t.equal(await said(), `innkeeper: Endpoint not found. ${releases('0.0.9')}\n`);
  t.equal(await said(), `innkeeper: permissions must be one or more of: a. ${releases('unknown')}\n`);
  t.equal(await said(), 'innkeeper: There is no such job.\n', 'the same release');

  const rig = await makeRig('socket');
  t.teardown(() => rig.close());
  t.equal((await rig.app.inject({ url: '/health' })).headers['innkeeper-version'], VERSION);
  const network = await makeRig();
  t.teardown(() => network.close());
  t.notOk((await network.app.inject({ url: '/health' })).headers['innkeeper-version'], 'nobody else is told');
});

t.test('a reader that goes away ends a command without a stack', async (t) => {
  const child = spawn(process.execPath, [CLI, 'alerts', '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (err += String(text)));
  await once(child, 'close');
  t.equal(err, '');
});

t.test('what is not understood ends with 2 and a hint', async (t) => {
  t.match(await innkeeper(['serv']), { code: 2, err: /unknown command 'serv'\n\(Did you mean serve\?\)/ });
  t.match(await innkeeper(['job', 'list', '--stauts', 'x']), { code: 2, err: /Did you mean --status/ });
  t.match(await innkeeper(['token', 'create']), { code: 2, err: /--name/ });
  t.match(await innkeeper(['sandbox', '--port', '99999']), { code: 2, err: /0 to 65535/ });
  t.match(await innkeeper(['sandbox', '--backend', 'vmware']), { code: 2, err: /memory or lxc/ });
  for (const [args, pointer] of [
    [['token', 'create'], '(run innkeeper token create --help for a list of options)'],
    [['token', 'make'], '(run innkeeper token --help for a list of commands)'],
    [['doctor', '--verbose'], '(run innkeeper doctor --help for a list of options)'],
    [['docter'], '(run innkeeper --help for a list of commands)'],
  ] as const)
    t.match(await innkeeper([...args]), { code: 2, err: new RegExp(pointer.replace(/[()]/g, '\\$&')) });
  t.match(await innkeeper(['--help']), {
    code: 0,
    out: /Usage: innkeeper[^]*serve[^]*sandbox[^]*token[^]*template/,
  });
});

t.test('a configuration that cannot be used is told without a stack', async (t) => {
  const dir = testFolder(t, { 'bad.yaml': 'agent:\n  id: 5\n  nonsense: true\n' });
  for (const command of [['config', 'check'], ['serve'], ['template', 'build', 'wordpress']]) {
    const ended = await innkeeper([...command, '--config', join(dir, 'bad.yaml')]);
    // systemd does not start the daemon again after 78
    t.equal(ended.code, command[0] === 'serve' ? 78 : 1, command.join(' '));
    t.match(
      ended.err,
      /^innkeeper: The configuration is invalid: \d+ problems in .*bad\.yaml\n[^]*agent\.nonsense/,
    );
    t.notMatch(ended.err, /\n +at /);
  }
});

t.test('a span or an instant says until when a token is good', async (t) => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  t.equal(readExpiry('12h', now), '2026-01-01T12:00:00.000Z');
  t.equal(readExpiry('90d', now), '2026-04-01T00:00:00.000Z');
  t.equal(readExpiry('2027-01-31', now), '2027-01-31T00:00:00.000Z');
  t.throws(() => readExpiry('soon', now), /must be a duration such as 90d or a timestamp, not "soon"/);
});
