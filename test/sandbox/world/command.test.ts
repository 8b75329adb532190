/** `innkeeper sandbox` as a program sees it: what it prints, how it ends, what it leaves behind. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { listen } from '../../../src/sandbox/memory/listen.js';
import { createDemoSite } from '../../../src/sandbox/demo-run.js';
import { testFolder } from '../../test-folder.js';

interface Ended {
  readonly code: number | null;
  readonly lines: readonly unknown[];
  readonly stderr: string;
}

interface Running {
  readonly child: ChildProcess;
  /** The first line, parsed. */
  readonly ready: Promise<unknown>;
  readonly ended: Promise<Ended>;
}

/** A folder of its own for temporary folders, so that what is left behind is seen. */
const temporary = await mkdtemp(join(tmpdir(), 'innkeeper-test-'));
t.teardown(() => rm(temporary, { recursive: true, force: true }));

function sandbox(...args: string[]): Running {
  const child = spawn(process.execPath, ['dist/src/innkeeper.cjs', 'sandbox', ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: temporary },
  });
  t.teardown(() => child.kill('SIGKILL'));
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const parsed = (): unknown[] =>
    stdout
      .split('\n')
      .slice(0, -1)
      .map((line): unknown => JSON.parse(line));
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code) => resolve({ code, lines: parsed(), stderr }));
  });
  const ready = new Promise<unknown>((resolve) => {
    const look = (): void => {
      if (stdout.includes('\n')) resolve(parsed()[0]);
    };
    child.stdout.on('data', look).on('close', () => resolve(undefined));
  });
  return { child, ready, ended };
}

const readyShape = {
  ready: true,
  api: /^http:\/\/127\.0\.0\.1:\d+$/,
  token: /^\S{20,}$/,
  ca_file: /ca\.pem$/,
  proxy: { https_port: Number },
  dns: { host: '127.0.0.1', port: Number },
  pve: { url: /^https:\/\/127\.0\.0\.1:\d+$/ },
  control: /^http:\/\/127\.0\.0\.1:\d+$/,
  state_dir: String,
};

t.test('--once --json: a demo site is made, reported, and nothing is left', async (t) => {
  const { code, lines, stderr } = await sandbox('--once', '--json').ended;
  t.equal(code, 0, stderr);
  t.match(lines[0], readyShape);
  t.notMatch(lines[0], { api: /:8080$/ }, 'it does not get in the way of a sandbox that runs');
  const report = lines.at(-1);
  t.match(report, {
    ok: true,
    backend: 'memory',
    url: /^https:\/\/anna\.sandbox\.test$/,
    title: /./,
    accepted_ms: Number,
    ready_ms: Number,
    completed_ms: Number,
    steps: [{ name: String, after: Array, started_ms: Number, ended_ms: Number }],
    sum_of_steps_ms: Number,
    longest_path_ms: Number,
  });
  t.same(await readdir(temporary), []);
});

t.test(
  'agent.log holds the lines of the daemon only, and environment.log those of the environment',
  async (t) => {
    const state = await mkdtemp(join(temporary, 'state-'));
    t.teardown(() => rm(state, { recursive: true }));
    t.match(await sandbox('--once', '--json', '--state', state).ended, { code: 0, stderr: '' });
    const linesOf = async (name: string) =>
      (await readFile(join(state, name), 'utf8')).split('\n').slice(0, -1);
    const environment = await linesOf('environment.log');
    t.match(
      environment.find((line) => line.includes('/clone')),
      /^POST \/nodes\/\S+\/clone 200 /,
    );
    const agent = await linesOf('agent.log');
    for (const line of agent) t.match(JSON.parse(line), { level: Number, msg: String }, line);
    t.ok(agent.some((line) => line.includes('an attempt of the job')));
  },
);

t.test('--world --json: comes back on its folder where it was, and SIGTERM ends it', async (t) => {
  const state = testFolder(t);
  const first = sandbox('--world', '--json', '--state', state, '--port', '0');
  const ready = await first.ready;
  t.match(ready, { ...readyShape, state_dir: state });
  first.child.kill('SIGTERM');
  t.match(await first.ended, { code: 0, stderr: '' });
  t.ok(existsSync(join(state, 'innkeeper.yaml')), 'the folder is kept');
  const again = sandbox('--world', '--json', '--state', state);
  t.same(await again.ready, ready);
  again.child.kill('SIGINT');
  t.match(await again.ended, { code: 0, stderr: '', lines: [ready] });
});

t.test(
  '--until-stdin-ends: stops in order, and leaves nothing, when its parent closes standard input',
  async (t) => {
    const { child, ready, ended } = sandbox('--json', '--port', '0', '--until-stdin-ends');
    t.match(await ready, readyShape);
    child.stdin?.end();
    t.match(await ended, { code: 0, stderr: '' });
    t.same(await readdir(temporary), []);
  },
);

t.test('--once that is stopped says so, and that there is no site', async (t) => {
  for (const after of ['start', 'ready'] as const) {
    const state = await mkdtemp(join(tmpdir(), 'innkeeper-once-'));
    t.teardown(() => rm(state, { recursive: true }));
    const { child, ready, ended } = sandbox('--once', '--json', '--state', state);
    if (after === 'ready') await ready;
    else while (!existsSync(join(state, 'agent.log'))) await delay(5);
    child.kill('SIGINT');
    const { code, lines, stderr } = await ended;
    t.equal(code, 1, stderr);
    t.match(lines.at(-1), { ok: false, backend: 'memory', error: 'the sandbox was stopped' }, after);
  }
});

t.test('a folder that cannot be used is named', async (t) => {
  const file = join(testFolder(t, { file: '' }), 'file');
  const { code, lines, stderr } = await sandbox('--json', '--state', file).ended;
  t.equal(code, 1);
  t.match(lines, [{ ready: false, error: `the folder ${file} cannot be used: ` }]);
  t.match(stderr, /^innkeeper sandbox: the folder .*\n$/, 'one sentence');
});

t.test('a port that is taken is named, with the way out', async (t) => {
  const server = createServer();
  const squatter = await listen(server, 0);
  t.teardown(() => squatter.close());
  const { port } = server.address() as AddressInfo;
  const { code, lines, stderr } = await sandbox('--json', '--port', String(port)).ended;
  t.equal(code, 1);
  t.match(lines, [{ ready: false, error: `port ${port} on 127.0.0.1 is in use` }]);
  t.match(stderr, /^innkeeper sandbox: port \d+ .*--port 0\n$/, 'one sentence');
  t.same(await readdir(temporary), []);
});

t.test('a demo site that fails is reported with the reason', async (t) => {
  const job = { success: true, status: 'failed', ended_at: '2026-01-01T00:00:00.000Z', steps: [] };
  const answers: Record<string, [number, object]> = {
    '/create-site': [202, { job_id: 'j1', fqdn: 'anna.sandbox.test', url: 'https://anna.sandbox.test' }],
    '/jobs/j1': [200, { ...job, error: { message: 'The DNS server does not answer.', step: 'dns' } }],
  };
  const server = createServer((request, response) => {
    const [status, body] = answers[request.url ?? ''] ?? [404, {}];
    request.resume();
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  const api = await listen(server, 0);
  t.teardown(() => api.close());
  const { port } = server.address() as AddressInfo;
  const publicEndpoint = { address: '127.0.0.1', httpsPort: 1, caFile: join(temporary, 'none.pem') };
  const access = { api: `http://127.0.0.1:${port}`, token: 'x', publicEndpoint };
  const report = async () => createDemoSite(access, 'memory', AbortSignal.timeout(10_000));
  t.match(await report(), {
    ok: false,
    error: 'the job is failed at step "dns": The DNS server does not answer.',
  });
  answers['/create-site'] = [503, { success: false, error: 'No address is left.' }];
  t.match(await report(), {
    ok: false,
    error: '/create-site responded with status 503: No address is left.',
  });
});
