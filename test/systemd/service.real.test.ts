/**
 * The service as it is installed: under systemd as PID 1, with its own user, hardened, against a look-alike of
 * Proxmox in the same container.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { parse, stringify } from 'yaml';
import { installing, type Machine, put, startMachine } from './machine.js';

const API = 'http://127.0.0.1:8080';
/** Not in the state folder, which holds nothing but the state. */
const WORLD = '/var/lib/world';
const machine = await startMachine(t);

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Sets `path` (dots) in a parsed YAML document. */
function set(document: unknown, path: string, value: unknown): void {
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  let inner = document;
  for (const key of keys) inner = isMapping(inner) ? inner[key] : undefined;
  if (!isMapping(inner)) throw new Error(`no ${path}`);
  inner[last] = value;
}

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  // generous: what is measured is measured by systemd's own clock
  const deadline = Date.now() + 120_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline)
      throw new Error(
        `${what} did not come about\n${await machine.sh('journalctl -u innkeeper --no-pager -p warning -o cat | cut -c1-600 | tail -12')}`,
      );
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function show(...names: string[]): Promise<Record<string, string>> {
  const out = await machine.sh(`systemctl show innkeeper ${names.map((name) => `-p ${name}`).join(' ')}`);
  return Object.fromEntries(
    out
      .trim()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

/** Processor time that a process has used. */
async function cpuMs(pid: string): Promise<number> {
  const [user = '0', system = '0'] =
    (await machine.sh(`cat /proc/${pid}/stat`)).split(') ')[1]?.split(' ').slice(11, 13) ?? [];
  return (Number(user) + Number(system)) * 10;
}

const isActive = async (): Promise<boolean> =>
  (await machine.try('systemctl is-active innkeeper')).out === 'active\n';

async function call(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const sent = body ? `--json '${JSON.stringify(body)}'` : '';
  const out = await machine.sh(
    `curl -s -X ${method} -H "Authorization: Bearer $(cat ${WORLD}/secrets/api-token)" ${sent} ${API}${path}`,
  );
  const answer: unknown = JSON.parse(out);
  return isMapping(answer) ? answer : {};
}

/** What the look-alike would have an operator write, with the secrets in systemd's hands. */
async function configure({ root }: Machine): Promise<void> {
  const config: unknown = parse(await readFile(join(root, WORLD, 'innkeeper.yaml'), 'utf8'));
  const secrets = {
    'proxmox-token': 'secrets/pve-token',
    'exec-key': 'ssh/client_key',
    'dns-key': 'secrets/powerdns-api-key',
  };
  for (const [name, file] of Object.entries(secrets))
    await put(
      machine,
      `/etc/innkeeper/secrets/${name}`,
      await readFile(join(root, WORLD, file), 'utf8'),
      0o600,
    );
  await put(
    machine,
    '/etc/innkeeper/secrets/state-key',
    `${Buffer.alloc(32, 7).toString('base64')}\n`,
    0o600,
  );
  set(config, 'agent.state_dir', '/var/lib/innkeeper');
  set(config, 'api.port', 8080);
  set(config, 'api.socket', '/run/innkeeper/innkeeper.sock');
  set(config, 'container_host.proxmox.token_secret', { credential: 'proxmox-token' });
  set(config, 'exec.ssh.private_key', { credential: 'exec-key' });
  set(config, 'dns.powerdns.api_key', { credential: 'dns-key' });
  set(config, 'log', { level: 'debug' });
  if (isMapping(config)) config['state_key'] = { credential: 'state-key' };
  await put(machine, '/etc/innkeeper/innkeeper.yaml', stringify(config));
}

t.test('is installed as the page says, with nothing for systemd to complain about', async (t) => {
  await machine.sh(`cd /root/innkeeper\n${await installing('Files and user')}`);
  const units = 'innkeeper.service innkeeper.socket innkeeper-cli.socket';
  const verified = await machine.try(`cd /etc/systemd/system && systemd-analyze verify ${units} 2>&1`);
  t.same(verified, { code: 0, out: '' });
  const measured = await machine.sh(
    'systemd-analyze security --no-pager --offline=true /etc/systemd/system/innkeeper.service',
  );
  const [, score] = /exposure level for innkeeper\.service: ([\d.]+)/.exec(measured) ?? [];
  t.ok(Number(score) > 0 && Number(score) <= 1.5, `security score ${score ?? measured}`);
});

t.test('does not start again and again when its configuration cannot be used', async (t) => {
  await put(machine, '/etc/innkeeper/innkeeper.yaml', 'agent: {}\n');
  t.not((await machine.try('systemctl start innkeeper')).code, 0);
  t.match(await show('ExecMainStatus', 'NRestarts', 'SubState'), {
    ExecMainStatus: '78',
    NRestarts: '0',
    SubState: 'failed',
  });
  await machine.sh('systemctl stop innkeeper.socket innkeeper-cli.socket; systemctl reset-failed innkeeper');
});

t.test(
  'starts, reads its credentials, is ready, and does its work as a user without privileges',
  async (t) => {
    // the look-alike's nginx has its files there, and the service is allowed no other folder than that of the state
    await put(
      machine,
      '/etc/systemd/system/innkeeper.service.d/world.conf',
      `[Service]\nReadWritePaths=${WORLD}\n`,
    );
    await machine.sh(
      `systemctl daemon-reload; install -d -o innkeeper ${WORLD}; systemd-run -q --unit=world --uid=innkeeper -p StandardOutput=file:/run/world.json node /usr/lib/innkeeper/src/innkeeper.cjs sandbox --world --state ${WORLD} --json --port 8080`,
    );
    await until('the world', async () =>
      (await machine.try('cat /run/world.json')).out.includes('"ready":true') ? true : undefined,
    );
    await configure(machine);
    await machine.sh(await installing('Start'));
    t.equal(await isActive(), true);
    t.match(await show('StatusText', 'NRestarts'), {
      StatusText: /^Serving; \d+ jobs running/,
      NRestarts: '0',
    });
    const made = await call('POST', '/create-site', {
      service_id: '1',
      plan: 'basic',
      subdomain: 'first',
      email: 'a@example.test',
      public_ip: '203.0.113.10',
    });
    t.match(made, { success: true }, JSON.stringify(made));
    const id = String(made['job_id']);
    await until('the site', async () =>
      (await call('GET', `/jobs/${id}`))['status'] === 'completed' ? true : undefined,
    );
    t.match(await machine.sh('innkeeper job list'), /completed/, 'the command line reaches it');
    const { MainPID = '' } = await show('MainPID');
    const status = await machine.sh(`cat /proc/${MainPID}/status`);
    t.match(status, /^CapEff:\t0+$/m);
    t.match(status, /^CapBnd:\t0+$/m);
    t.match(status, /^NoNewPrivs:\t1$/m);
    t.match(status, /^Seccomp:\t2$/m);
    t.equal(
      (await machine.sh(`stat -c '%U %a' /run/innkeeper/innkeeper.sock /proc/${MainPID}`)).replaceAll(
        '\n',
        ' ',
      ),
      'innkeeper 600 innkeeper 555 ',
    );
    const environments = await machine.sh(
      `for p in $(systemctl show -P ControlGroup innkeeper | xargs -I{} find /sys/fs/cgroup/ -path '*{}/cgroup.procs' -exec cat {} + | sort -u); do [ $p = ${MainPID} ] || tr '\\0' '\\n' </proc/$p/environ; done`,
    );
    t.notMatch(environments, /LISTEN_FDS|WATCHDOG_USEC/);
    await machine.sh(`kill -USR1 ${MainPID}`);
    await call('GET', '/health');
    t.notMatch(await machine.sh('ss -ltnpH'), /:9229 /, 'a signal opens no debugger');
  },
);

t.test('commands that root runs by hand see what the service sees', async (t) => {
  const healthy = await machine.try('innkeeper doctor');
  t.match(healthy, { code: 0, out: /\nNo problems found\.\n/ }, healthy.out);
  t.match(await machine.sh('innkeeper config check'), /is valid/);
  t.match(await machine.sh('innkeeper state verify'), /secrets; no problems found/);
  const ca = `${WORLD}/ca/ca.pem`;
  await machine.sh(`chown root: ${ca}; chmod 600 ${ca}`);
  t.match(
    await machine.try('innkeeper doctor'),
    { code: 1, out: /^WRONG +configuration [^]*ca_file: found no read permission \(EACCES\)/ },
    'what root can read and the daemon cannot is wrong',
  );
  await machine.sh(`chown innkeeper: ${ca}`);
  const token = '/etc/innkeeper/secrets/proxmox-token';
  await machine.sh(`mv ${token} ${token}.good; echo new-and-wrong >${token}; chmod 600 ${token}`);
  t.match(
    await machine.try('innkeeper doctor'),
    { code: 1, out: /the token \S+ is rejected/ },
    'a secret is looked at before the daemon is started with it',
  );
  await machine.sh(`mv ${token}.good ${token}`);
});

t.test('is ready again within two seconds of kill -9, and takes up what was cut off', async (t) => {
  const measured: number[] = [];
  const busy: number[] = [];
  for (let round = 0; round < 3; round++) {
    const made = await call('POST', '/create-site', {
      service_id: `kill-${round}`,
      plan: 'basic',
      subdomain: `kill-${round}`,
      email: 'a@example.test',
      public_ip: '203.0.113.10',
    });
    const before = await show('MainPID');
    await machine.sh(`date +%s%N >/run/killed; kill -KILL ${before['MainPID'] ?? ''}`);
    await until('the restart', async () => {
      const now = await show('MainPID', 'SubState');
      return now['SubState'] === 'running' && now['MainPID'] !== before['MainPID'] ? true : undefined;
    });
    busy.push(await cpuMs((await show('MainPID'))['MainPID'] ?? ''));
    const times = await show('ActiveEnterTimestampMonotonic', 'InactiveEnterTimestampMonotonic');
    measured.push(
      (Number(times['ActiveEnterTimestampMonotonic']) - Number(times['InactiveEnterTimestampMonotonic'])) /
        1000,
    );
    const id = String(made['job_id']);
    await until('the job that was cut off', async () =>
      (await call('GET', `/jobs/${id}`))['status'] === 'completed' ? true : undefined,
    );
  }
  const began = Date.now();
  await machine.sh('innkeeper --version');
  // On a machine that is busy with other things a start takes as much longer as the command line alone does.
  const allowed = Math.max(2000, 20 * (Date.now() - began));
  t.comment(
    `allowed ${allowed} ms; ready after kill -9: ${measured.map((ms) => `${Math.round(ms)} ms`).join(', ')}; processor time until then ${busy.join(', ')} ms`,
  );
  t.ok(Math.min(...measured) > 0 && Math.min(...measured) < allowed, measured.join(' '));
});

t.test('refuses no call while it is restarted', async (t) => {
  const calling = machine.sh(`node /root/innkeeper/dist/test/systemd/caller.js ${API}/health 8000`);
  for (let round = 0; round < 3; round++) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    await machine.sh('systemctl restart innkeeper');
  }
  const told = JSON.parse(await calling) as { seen: Record<string, number>; longest: number };
  t.comment(JSON.stringify(told));
  t.same(Object.keys(told.seen), ['200'], JSON.stringify(told));
});

t.test(
  'an upgrade while a job runs: the next release takes it up, the former lies where it lay',
  async (t) => {
    const releases = async (): Promise<string[]> =>
      (await machine.sh('readlink /usr/lib/innkeeper; ls -d /usr/lib/innkeeper-*')).trim().split('\n');
    const [former = '', ...before] = await releases();
    t.same(before, [former]);
    const made = await call('POST', '/create-site', {
      service_id: 'upgrade',
      plan: 'basic',
      subdomain: 'upgrade',
      email: 'a@example.test',
      public_ip: '203.0.113.10',
    });
    await machine.sh(`cd /root/innkeeper\n${await installing('Files and user')}`);
    const [now = '', ...both] = await releases();
    t.not(now, former);
    t.same(both, [former, now]);
    await machine.sh('systemctl restart innkeeper');
    const id = String(made['job_id']);
    await until('the job', async () =>
      (await call('GET', `/jobs/${id}`))['status'] === 'completed' ? true : undefined,
    );
    t.match(await machine.sh('innkeeper doctor | head -2'), /the daemon +it is running and ready/);
  },
);

t.test('a stop drains: the running job is handed back and ends after the next start', async (t) => {
  const made = await call('POST', '/create-site', {
    service_id: 'drain',
    plan: 'basic',
    subdomain: 'drain',
    email: 'a@example.test',
    public_ip: '203.0.113.10',
  });
  await machine.sh('systemctl stop innkeeper.socket innkeeper-cli.socket innkeeper.service');
  t.match(await show('Result', 'ExecMainStatus', 'ExecMainCode'), {
    Result: 'success',
    ExecMainStatus: '0',
    ExecMainCode: '1',
  });
  t.match((await machine.try(`curl -s ${API}/health`)).code, 7, 'without the socket units nobody listens');
  await machine.sh('systemctl start innkeeper');
  const id = String(made['job_id']);
  await until('the job', async () =>
    (await call('GET', `/jobs/${id}`))['status'] === 'completed' ? true : undefined,
  );
});

t.test('a hanging daemon is killed by the watchdog, a working one is not', async (t) => {
  await put(machine, '/etc/systemd/system/innkeeper.service.d/test.conf', '[Service]\nWatchdogSec=6\n');
  await machine.sh('systemctl daemon-reload; systemctl restart innkeeper');
  const before = await show('MainPID', 'NRestarts');
  let fed = (await show('WatchdogTimestampMonotonic'))['WatchdogTimestampMonotonic'];
  for (let beat = 0; beat < 2; beat++)
    fed = await until('a sign of life', async () => {
      const { WatchdogTimestampMonotonic: now } = await show('WatchdogTimestampMonotonic');
      return now === fed ? undefined : now;
    });
  t.same(await show('MainPID', 'NRestarts'), before, 'fed twice, and still the same process');
  await machine.sh(`kill -STOP ${before['MainPID'] ?? ''}`);
  await until('the restart', async () => {
    const now = await show('MainPID', 'SubState');
    return now['SubState'] === 'running' && now['MainPID'] !== before['MainPID'] && now['MainPID'] !== '0'
      ? true
      : undefined;
  });
  t.match(await machine.sh('journalctl -u innkeeper --no-pager'), /Watchdog timeout/i);
});

t.test('logs to the journal with priorities', async (t) => {
  const lines = (
    await machine.sh('journalctl -u innkeeper --no-pager -o json --output-fields=MESSAGE,PRIORITY,_COMM')
  )
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line))
    .filter(isMapping);
  const priorityOf = (text: string): unknown =>
    lines.find(
      ({ MESSAGE }) => typeof MESSAGE === 'string' && MESSAGE.startsWith('{') && MESSAGE.includes(text),
    )?.['PRIORITY'];
  t.equal(priorityOf('innkeeper is ready'), '6');
  t.equal(priorityOf('resuming an interrupted job'), '4');
  t.equal(priorityOf('"level":20'), '7');
  t.same(
    lines.filter(({ MESSAGE }) => String(MESSAGE).startsWith('<')),
    [],
  );
});
