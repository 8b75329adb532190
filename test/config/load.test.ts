import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { makeCertificate } from '../fakes/certificate.js';
import { stringify } from 'yaml';
import type { Environment } from '../../src/config/environment.js';
import { isMapping } from '../../src/config/schema-walk.js';
import { ConfigError, configFileOf, loadConfig } from '../../src/config/load.js';
import { testFolder } from '../test-folder.js';

type Mapping = Record<string, unknown>;

const MINIMAL: Mapping = {
  agent: { id: 'a', base_domain: 'sites.test' },
  container_host: {
    proxmox: { urls: ['https://127.0.0.1:8006/'], token_id: 'i@pve!a', token_secret: { value: 's3cret' } },
  },
  addresses: { pools: [{ name: 'main', range: '10.0.0.10-10.0.0.20', prefix: 24, gateway: '10.0.0.1' }] },
  dns: { driver: 'none' },
  proxy: { nginx: { certificate_file: 'tls/site.pem', certificate_key_file: '/etc/key.pem' } },
};

/** The minimal file with other values at some paths; undefined takes the key away. */
function minimal(changes: Record<string, unknown> = {}): Mapping {
  const config = structuredClone(MINIMAL);
  for (const [path, value] of Object.entries(changes)) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    let at: Mapping = config;
    for (const name of names) {
      const inner = at[name];
      const next = isMapping(inner) ? inner : {};
      at[name] = next;
      at = next;
    }
    at[last] = value;
  }
  return config;
}

/** The folder of the file, or the test that gets a new one. */
type Place = string | Test;

async function load(
  place: Place,
  content: Mapping | string,
  env: Environment = {},
  warn?: (text: string) => void,
) {
  const file = join(typeof place === 'string' ? place : testFolder(place), 'innkeeper.yaml');
  await writeFile(file, typeof content === 'string' ? content : stringify(content));
  return loadConfig({ file, env, ...(warn ? { warn } : {}) });
}

/** The problems as `key: problem`. */
async function problems(place: Place, content: Mapping | string, env: Environment = {}): Promise<string[]> {
  try {
    await load(place, content, env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ key, problem }) => `${key}: ${problem}`);
  }
  return [];
}

t.test(
  'a short file is enough; the rest are defaults, paths are absolute, nothing can be changed',
  async (t) => {
    const config = await load(t, minimal());
    t.match(config, {
      agent: { time_zone: 'UTC', state_dir: '/var/lib/innkeeper' },
      api: { host: '127.0.0.1', port: 8080, socket: '/var/lib/innkeeper/innkeeper.sock', tls: null },
      container_host: {
        poll_s: 10,
        proxmox: { urls: ['https://127.0.0.1:8006'], ca_file: null, ha: { group: null } },
      },
      exec: { driver: 'local', ssh: null },
      addresses: { pools: [{ name: 'main', first: '10.0.0.10', last: '10.0.0.20' }] },
      dns: { powerdns: null },
      proxy: { nginx: { certificate_key_file: '/etc/key.pem' }, door: { https_port: 443, ca_file: null } },
      jobs: { slots: 12 },
    });
    t.match(config.proxy.nginx.certificate_file, /^\/.*\/tls\/site\.pem$/);
    t.same(Object.keys(config.addresses.pools[0] ?? {}), [
      'name',
      'first',
      'last',
      'prefix',
      'gateway',
      'bridge',
      'vlan',
      'plans_only',
    ]);
    t.throws(() => Object.assign(config.container_host.proxmox, { pool: 'x' }), TypeError);
    t.throws(() => config.plans.push(...config.plans), TypeError);
  },
);

t.test('all problems are told at once: file, key, found, expected', async (t) => {
  const content = minimal({
    'api.port': 70_000,
    'api.prot': 1,
    'log.level': 'loud',
    'agent.id': undefined,
    'agent.time_zone': 'Mars/Olympus',
    'agent.base_domain': 'Example',
    'exec.driver': 'ssh',
    'jobs.slots': 'many',
    'dns.driver': 'powerdns',
    'api.trusted_proxies': ['10.0.0.0/8', '10.0.0.0/99'],
    state_key: { file: 'nowhere' },
    'api.tls': { cert_file: 'missing.pem' },
  });
  const found = await problems(t, content);
  for (const wanted of [
    'api.port: found 70000, expected a whole number from 0 to 65535',
    /^api\.prot: unknown key, expected one of host, port, /,
    'log.level: found "loud", expected one of trace, debug, info, warn, error',
    /^agent\.id: found nothing, expected 1 to 64 letters/,
    'agent.time_zone: found "Mars/Olympus", expected a time zone like Europe/Berlin',
    /^agent\.base_domain: found "Example", expected a domain name in lower case/,
    /^exec\.ssh: found nothing, expected private_key .* because exec\.driver is ssh/,
    'jobs.slots: found "many", expected a whole number from 2 to 200',
    /^dns\.powerdns: found nothing/,
    /^api\.trusted_proxies\.1: found "10\.0\.0\.0\/99", expected an IPv4/,
    /^state_key: found no such file \(ENOENT\) at .*nowhere, expected a readable file/,
    'api.tls.key_file: found nothing, expected a path',
    /^api\.tls\.cert_file: found no such file \(ENOENT\)/,
  ])
    t.ok(
      found.some((line) => (typeof wanted === 'string' ? line === wanted : wanted.test(line))),
      String(wanted),
    );
  t.equal(found.length, 13);
  await t.rejects(load(t, content), {
    name: 'ConfigError',
    message: /13 problems in .*innkeeper\.yaml\n {2}agent/,
  });
});

t.test('a file of certificates must hold one: no connection would say what it lacks', async (t) => {
  const { cert, ca, key } = await makeCertificate(['pve.example.net']);
  const dir = testFolder(t, {
    'ca.pem': `# of the lab\n${ca}\n${cert}\n`,
    'key.pem': key,
    'empty.pem': '',
    folder: {},
  });
  const found = (name: string) => problems(dir, minimal({ 'container_host.proxmox.ca_file': name }));
  t.same(await found('ca.pem'), []);
  for (const name of ['key.pem', 'empty.pem'])
    t.match(await found(name), [
      /^container_host\.proxmox\.ca_file: found no certificate in .*\.pem, expected PEM \(-----BEGIN CERTIFICATE-----\)$/,
    ]);
  t.match(await found('folder'), [/ is not a regular file$/]);
});

t.test('a certificate and its key must be a pair, where the agent serves or signs with them', async (t) => {
  const [own, other] = await Promise.all([makeCertificate(['a.example']), makeCertificate(['b.example'])]);
  const dir = testFolder(t, {
    'own.pem': own.cert,
    'own.key': own.key,
    'other.key': other.key,
    'no.key': 'x',
  });
  for (const name of ['own.key', 'other.key', 'no.key']) await chmod(join(dir, name), 0o600);
  const found = (changes: Record<string, unknown>) => problems(dir, minimal(changes));
  const tls = (key: string) => ({ 'api.tls': { cert_file: 'own.pem', key_file: key } });
  const ca = (key: string) => ({ 'domains.local_ca': { certificate_file: 'own.pem', key_file: key } });
  t.same(await found({ ...tls('own.key'), ...ca('own.key') }), []);
  for (const name of ['other.key', 'no.key'])
    t.match(await found({ ...tls(name), ...ca(name) }), [
      /^api\.tls\.key_file: found .*\.key, expected the private key of the certificate in .*own\.pem$/,
      /^domains\.local_ca\.key_file: found .*\.key, expected the private key of the certificate in /,
    ]);
});

t.test('secrets come from files, credentials, the environment or the file itself', async (t) => {
  const dir = testFolder(t, { token: 'top secret\r\n', empty: '\n', folder: {} });
  const at = (source: unknown) => minimal({ 'container_host.proxmox.token_secret': source });
  await chmod(join(dir, 'token'), 0o600);
  const env = { CREDENTIALS_DIRECTORY: dir, INNKEEPER_OTHER: 'from env\n' };
  const warnings: string[] = [];
  const read = async (source: unknown, with_: Environment = { CREDENTIALS_DIRECTORY: dir }) => {
    const config = join(dir, 'innkeeper.yaml');
    await writeFile(config, stringify(at(source)));
    const loaded = await loadConfig({ file: config, env: with_, warn: (text) => void warnings.push(text) });
    return loaded.container_host.proxmox.token_secret.reveal();
  };
  t.equal(await read({ file: 'token' }), 'top secret');
  t.equal(await read({ credential: 'token' }), 'top secret');
  t.equal(
    await read({ env: 'INNKEEPER_OTHER' }, env),
    'from env',
    'a variable that is a source is no override',
  );
  t.equal(await read({ value: 'inline' }), 'inline');
  t.same(warnings, []);
  await chmod(join(dir, 'token'), 0o640);
  await read({ file: join(dir, 'token') });
  t.match(warnings, [/token is readable by its group \(mode 640\)/]);
  await chmod(join(dir, 'token'), 0o604);
  for (const [source, wanted] of [
    [{ file: 'token' }, /readable by everyone \(mode 604\), expected mode 600/],
    [{ file: 'empty' }, /readable by everyone|empty secret/],
    [{ file: 'folder' }, /expected/],
    [{ file: 'none' }, /found no such file \(ENOENT\) at/],
    [{ credential: '../token' }, /expected exactly one of/],
    [{ env: 'NOT_SET' }, /found no environment variable NOT_SET/],
    [{ file: 'a', value: 'b' }, /expected exactly one of \{file: \/path\}/],
    [{}, /expected exactly one of/],
  ] as const)
    await t.rejects(read(source), wanted);
  await t.rejects(read({ credential: 'token' }, {}), /found no \$CREDENTIALS_DIRECTORY/);
});

t.test('no message shows what may be a secret', async (t) => {
  const secret = 'hunter2-hunter2';
  const wrong: (Mapping | string)[] = [
    minimal({ 'container_host.proxmox.token_secret': secret }),
    minimal({ 'container_host.proxmox.token_secret': { value: secret, file: 'x' } }),
    minimal({ 'container_host.proxmox.token_id': `i@pve!a=${secret}` }),
    minimal({ 'container_host.proxmox.urls': [`https://root:${secret}@pve:8006`] }),
    minimal({ state_key: { value: secret } }),
    minimal({ 'api.tokens': [{ name: 'x', permissions: ['admin'], secret: { value: secret } }] }),
    `agent: {id: a}\nstate_key: {value: "${secret}}\n`,
    `state_key: {value: ${secret}}\nstate_key: {value: ${secret}}\n`,
    `state_key:\n  value: ${secret}: ${secret}\n`,
    `state_key: {value: *${secret}}\n`,
  ];
  for (const content of wrong) {
    const found = await problems(t, content);
    t.ok(found.length > 0);
    t.notMatch(found.join('\n'), /hunter2/);
  }
});

t.test('the environment wins over the file', async (t) => {
  const env = {
    PATH: '/bin',
    INNKEEPER_CONFIG: '/elsewhere',
    INNKEEPER_API__PORT: '8081',
    INNKEEPER_AGENT__ID: '007',
    INNKEEPER_API__TRUSTED_PROXIES: '[10.0.0.1]',
    INNKEEPER_CONTAINER_HOST__PROXMOX__TOKEN_SECRET__VALUE: 'other',
    INNKEEPER_LOG__LEVEL: '',
    INNKEEPER_PRODUCTS__WORDPRESS: '{title: Shop}',
  };
  const file = minimal({ 'log.level': 'debug', 'container_host.proxmox.token_secret': { file: 'gone' } });
  const config = await load(t, file, env);
  t.match(config, {
    api: { port: 8081, trusted_proxies: ['10.0.0.1'] },
    agent: { id: '007' },
    log: { level: 'info' },
  });
  t.same(config.products, { wordpress: { title: 'Shop' } });
  t.equal(config.container_host.proxmox.token_secret.reveal(), 'other');
  t.same(
    await problems(t, minimal(), {
      INNKEEPER_API__PORT: 'many',
      INNKEEPER_API_PORT: '1',
      INNKEEPER_X__Y: '{',
    }),
    [
      'INNKEEPER_API_PORT: found an environment variable that matches no key, expected a name such as ' +
        'INNKEEPER_API__PORT',
      'INNKEEPER_X__Y: found an environment variable that matches no key, expected a name such as ' +
        'INNKEEPER_API__PORT',
      'api.port: found "many", expected a whole number from 0 to 65535 (from INNKEEPER_API__PORT)',
    ],
  );
  t.match(await problems(t, minimal(), { INNKEEPER_API__TRUSTED_PROXIES: '[1' }), [
    /expected YAML \(from INNKEEPER_API/,
  ]);
  t.equal(configFileOf(undefined, env), '/elsewhere');
  t.equal(configFileOf('/here', env), '/here');
  t.equal(configFileOf(undefined, {}), '/etc/innkeeper/innkeeper.yaml');
});

t.test('a file that is missing, empty or no YAML is told by name', async (t) => {
  const missing = loadConfig({ file: '/nowhere/innkeeper.yaml', env: {} });
  await t.rejects(missing, {
    name: 'ConfigError',
    message: /in \/nowhere\/innkeeper\.yaml\n {2}found no such file \(ENOENT\)/,
  });
  t.match(await problems(t, '- 1'), [/found no keys/]);
  t.match(await problems(t, 'a: [1'), [/at line 1, column \d+ .*expected YAML/]);
  t.ok((await problems(t, '')).length > 5, 'an empty file lacks every key that has no default');
});

t.test('pools take both forms and both families, and must make sense', async (t) => {
  const pool = { name: 'p', prefix: 24, gateway: '10.0.0.1' };
  const v6 = {
    name: 'six',
    first: '2001:db8::10',
    last: '2001:0db8::00ff',
    prefix: 64,
    gateway: '2001:db8::1',
  };
  const config = await load(
    t,
    minimal({ 'addresses.pools': [{ ...pool, first: '10.0.0.5', last: '10.0.0.9' }, v6] }),
  );
  t.match(config.addresses.pools, [{ first: '10.0.0.5' }, { first: '2001:db8::10', last: '2001:db8::ff' }]);
  for (const [pools, wanted] of [
    [[], /pools: found 0 entries, expected a list with at least 1/],
    [[pool], /expected either `range`, or `first` and `last`/],
    [[{ ...pool, range: '10.0.0.5-10.0.0.9', first: '10.0.0.5' }], /expected either/],
    [[{ ...pool, range: '10.0.0.9-10.0.0.5' }], /expected the lower address first/],
    [[{ ...pool, range: '10.0.0.9-10.0.1.5' }], /expected one network/],
    [[{ ...pool, range: '10.0.1.9-10.0.1.15' }], /gateway 10\.0\.0\.1 outside/],
    [[{ ...pool, range: '10.0.0.9-2001:db8::1' }], /one family/],
    [[{ ...pool, range: '10.0.0.9-10.0.0.300' }], /expected two IPv4 or IPv6 addresses/],
    [[{ ...pool, range: '10.0.0.5-10.0.0.9', prefix: 64 }], /expected at most 32/],
    [
      [
        { ...pool, range: '10.0.0.5-10.0.0.9' },
        { ...pool, name: 'q', range: '10.0.0.9-10.0.0.10' },
      ],
      /no overlap/,
    ],
    [
      [
        { ...pool, range: '10.0.0.5-10.0.0.9' },
        { ...pool, range: '10.0.0.10-10.0.0.11' },
      ],
      /expected unique names/,
    ],
  ] as const) {
    const found = await problems(t, minimal({ 'addresses.pools': pools }));
    t.equal(found.length, 1, found.join());
    t.match(found[0], wanted);
  }
});

t.test('a host name is one as it will be used, wherever the configuration holds one', async (t) => {
  for (const [key, value] of [
    ['agent.base_domain', '10.0.0.1'],
    ['agent.base_domain', 'sites.0x1'],
    ['agent.base_domain', 'xn--a.test'],
    ['agent.base_domain', 'sites.test.'],
    ['agent.base_domain', 'sites_1.test'],
    ['dns.name_servers', ['ns1.sites.test', '192.0.2.53']],
    ['domains.blocked', ['bank.test/']],
    ['domains.acme.caa_identities', ['ca.test..']],
    [
      'proxy.ssh',
      { host: 'proxy.test/x', private_key: { value: 'k' }, known_hosts_file: process.argv[1] ?? '' },
    ],
  ] as const)
    t.match(
      await problems(t, minimal({ [key]: value })),
      [new RegExp(`^${key}.*: found ".*", expected a`)],
      key,
    );
  t.same(await problems(t, minimal({ 'agent.base_domain': 'xn--bcher-kva.test' })), []);
});

t.test('keys that contradict each other are refused', async (t) => {
  const plan = { name: 'a', memory_mb: 512, disk_gb: 5, cores: 1, domains: 1, backups: 1 };
  const token = { name: 'x', permissions: ['admin'], secret: { value: 'x'.repeat(32) } };
  const powerdns = { url: 'http://127.0.0.1:8081', api_key: { value: 'k' }, zone: 'other.test' };
  for (const [changes, wanted] of [
    [{ 'jobs.slots': 2, 'jobs.interactive_slots': 2 }, /interactive_slots: found 2, expected less than/],
    [
      { 'container_host.proxmox.vmids': { first: 9050, last: 9500 } },
      /template_vmids: found 9000-9099, which overlaps/,
    ],
    [{ 'container_host.proxmox.vmids': { first: 500, last: 400 } }, /vmids: found first 500 after last 400/],
    [{ dns: { driver: 'powerdns', powerdns } }, /zone: found "other\.test", expected agent\.base_domain/],
    [{ 'agent.state_dir': `/${'x'.repeat(120)}` }, /api\.socket: found a path of \d+ bytes/],
    [{ 'proxy.nginx.http_port': 443 }, /expected three different ports/],
    [{ 'api.tokens': [token, token] }, /tokens\.1\.name: found "x" twice/],
    [
      { plans: [plan, { ...plan, name: 'b', aliases: [' A '] }] },
      /plans\.1: found the name "a", which plans\.0 also has/,
    ],
    [{ plans: [plan], plans_file: 'p.yaml' }, /plans_file: found both `plans` and `plans_file`/],
    [{ plans_file: 'p.yaml' }, /plans_file \(.*p\.yaml\): found no such file \(ENOENT\)/],
  ] as const) {
    const found = await problems(t, minimal(changes));
    t.equal(found.length, 1, found.join('\n'));
    t.match(found[0], wanted);
  }
  const warnings: string[] = [];
  await load(t, minimal({ 'api.host': '0.0.0.0' }), {}, (text) => void warnings.push(text));
  t.match(warnings, [/tokens are sent unencrypted/]);
});
