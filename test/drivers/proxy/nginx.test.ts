import { X509Certificate } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Clock, systemClock } from '../../../src/kernel/clock.js';
import { plainCall } from '../../../src/drivers/shared/call.js';
import { Secret } from '../../../src/kernel/secret.js';
import type { ProxyCertificate, ProxyDriver } from '../../../src/drivers/proxy/contract.js';
import { nginxProxyDriver } from '../../../src/drivers/proxy/nginx/index.js';
import { renderNginx } from '../../../src/drivers/proxy/nginx/render.js';
import { call, hostOf, markOf, proxyContract } from '../../contracts/proxy.js';
import { makeCertificate } from '../../fakes/certificate.js';
import { nginxStandIn, silentLog, type StandIn } from './nginx-stand-in.js';

/** Twenty times as fast, so that giving up takes no time. */
const hurried: Clock = {
  now: () => Date.now() * 20,
  monotonic: () => performance.now() * 20,
  trusted: () => true,
  sleep: (ms, signal) => systemClock.sleep(ms / 20, signal),
};

function driverOver(t: Test, { config }: StandIn): ProxyDriver {
  const driver = nginxProxyDriver(config, { clock: systemClock, log: silentLog });
  t.teardown(() => driver.close());
  return driver;
}

t.test('the contract', async (t) => {
  await proxyContract(t, async (t) => driverOver(t, await nginxStandIn(t)));
});

t.test('calls that come together share one test and one reload', async (t) => {
  const nginx = await nginxStandIn(t);
  const driver = driverOver(t, nginx);
  await driver.ensureHost(hostOf('first'), call());
  const [tests, reloads] = [await nginx.tests(), await nginx.reloads()];
  await Promise.all(Array.from({ length: 100 }, (_, i) => driver.ensureHost(hostOf(`s${i}`), call())));
  t.equal((await nginx.tests()) - tests, 1);
  t.equal((await nginx.reloads()) - reloads, 1);
  await driver.ensureHost(hostOf('s7'), call());
  t.equal((await nginx.reloads()) - reloads, 1, 'what is served already needs no reload');
});

t.test('a refused record is found; its old one and all others are served', async (t) => {
  const nginx = await nginxStandIn(t);
  const driver = driverOver(t, nginx);
  await driver.ensureHost(hostOf('bad'), call());
  await nginx.poison('poison.example.test');
  const poisoned = hostOf('bad', { names: ['poison.example.test'] });
  const requests = Array.from({ length: 21 }, (_, i) => (i === 13 ? poisoned : hostOf(`s${i}`)));
  const ends = await Promise.allSettled(requests.map((host) => driver.ensureHost(host, call())));
  const failed = ends.flatMap((end, i) =>
    end.status === 'rejected' ? [{ i, error: end.reason as unknown }] : [],
  );
  t.match(failed, [{ i: 13, error: { code: 'proxy_failed', retryable: false, detail: /poisoned/ } }]);
  t.same(await driver.find(markOf('bad'), call()), hostOf('bad'));
  t.equal((await driver.list(call())).length, 21);
  const loaded = await nginx.loaded();
  t.match(loaded, / {4}bad\.example\.test enabled;/);
  t.match(loaded, / {4}s20\.example\.test enabled;/);
  t.notMatch(loaded, /poison/);
});

t.test('an nginx that is broken anyway blames nobody and loses nothing', async (t) => {
  const nginx = await nginxStandIn(t);
  const driver = driverOver(t, nginx);
  await driver.ensureHost(hostOf('one'), call());
  const before = await readFile(join(nginx.dir, 'nginx.conf'), 'utf8');
  await nginx.poison('server');
  await t.rejects(driver.ensureHost(hostOf('two'), call()), {
    code: 'proxy_unreachable',
    retryable: true,
    detail: /poisoned/,
  });
  t.equal(await readFile(join(nginx.dir, 'nginx.conf'), 'utf8'), before);
  t.same(await driver.list(call()), [hostOf('one')]);
  await nginx.poison('');
  await driver.ensureHost(hostOf('two'), call());
  t.equal((await driver.list(call())).length, 2);
});

t.test('a test that fails only once blames no record', async (t) => {
  const nginx = await nginxStandIn(t);
  const driver = driverOver(t, nginx);
  await driver.ensureHost(hostOf('first'), call());
  for (const hosts of [['one'], ['two', 'three', 'four']]) {
    await nginx.failOnce();
    await Promise.all(hosts.map((host) => driver.ensureHost(hostOf(host), call())));
  }
  t.equal((await driver.list(call())).length, 5);
  t.match(await nginx.loaded(), / {4}four\.example\.test enabled;/);
});

t.test('an nginx that is not running makes the call fail in a way that passes', async (t) => {
  const nginx = await nginxStandIn(t);
  const driver = driverOver(t, nginx);
  await driver.ensureHost(hostOf('one'), call());
  await nginx.running(false);
  await t.rejects(driver.ensureHost(hostOf('two'), call()), { code: 'proxy_unreachable', retryable: true });
  await nginx.running(true);
  await driver.ensureHost(hostOf('two'), call());
  t.match(await nginx.loaded(), /two\.example\.test/);
});

t.test('a start renders the records when the disk or nginx says something else', async (t) => {
  const nginx = await nginxStandIn(t);
  const first = driverOver(t, nginx);
  await first.ensureHost(hostOf('one'), call());
  await first.close();
  const reloads = await nginx.reloads();
  const again = driverOver(t, nginx);
  await again.ensureHost(hostOf('one'), call());
  await again.close();
  t.equal(await nginx.reloads(), reloads, 'nothing to do');

  await writeFile(join(nginx.dir, 'nginx.conf'), 'half a candidate');
  for (const file of ['.version.123.tmp', 'pages/.unknown.html.123.tmp', 'sites/.x.json.123.tmp'])
    await writeFile(join(nginx.dir, file), '{"half');
  const third = driverOver(t, nginx);
  await third.ensureHost(hostOf('one'), call());
  await third.close();
  t.match(await nginx.loaded(), /one\.example\.test 127\.0\.0\.1:8080;/);
  t.same(await readdir(join(nginx.dir, 'sites')), ['default~one~1.json']);
  const files = await readdir(nginx.dir, { recursive: true });
  t.same(
    files.filter((file) => file.endsWith('.tmp')),
    [],
    'what a crash left half written is gone',
  );
});

t.test('damaged and clashing records are left alone but not served, and can be written anew', async (t) => {
  const nginx = await nginxStandIn(t);
  const first = driverOver(t, nginx);
  await first.ensureHost(hostOf('good'), call());
  await first.close();
  const sites = join(nginx.dir, 'sites');
  const good = await readFile(join(sites, 'default~good~1.json'), 'utf8');
  await writeFile(join(sites, 'default~half~1.json'), '{"schema":1,');
  await writeFile(
    join(sites, 'default~sly~1.json'),
    good.replaceAll('good', 'sly').replace('sly.example.test', 'a.test 1;} #'),
  );
  await writeFile(join(sites, 'default~twin~1.json'), good.replace('"service": "good"', '"service": "twin"'));
  await writeFile(join(sites, 'default~moved~1.json'), good);
  const problems: unknown[] = [];
  const log = { ...silentLog, error: (fields: object) => problems.push(fields) };
  const driver = nginxProxyDriver(nginx.config, { clock: systemClock, log });
  t.teardown(() => driver.close());
  await driver.ensureHost(hostOf('new'), call());
  t.same((await driver.list(call())).map((host) => host.mark.service).sort(), ['good', 'new']);
  t.match(problems, [
    { file: 'default~half~1.json', problem: /not JSON/ },
    { file: 'default~moved~1.json', problem: /belongs in default~good~1/ },
    { file: 'default~sly~1.json', problem: /not a host name/ },
    { file: 'default~twin~1.json', problem: /held by default~good~1/ },
  ]);
  t.equal((await readdir(sites)).length, 6);
  await driver.ensureHost(hostOf('half'), call());
  await driver.removeHost(markOf('sly'), call());
  t.match(await nginx.loaded(), /half\.example\.test/);
  t.equal((await readdir(sites)).length, 5);
});

t.test('a call that is aborted while it waits is taken back; one under way is awaited', async (t) => {
  const nginx = await nginxStandIn(t);
  const driver = driverOver(t, nginx);
  const stop = new AbortController();
  const waiting = driver.ensureHost(hostOf('one'), plainCall(stop.signal));
  stop.abort();
  await t.rejects(waiting, { code: 'aborted' });
  const later = new AbortController();
  const underWay = driver.ensureHost(hostOf('two'), plainCall(later.signal));
  while (!(await readFile(join(nginx.dir, 'nginx.conf'), 'utf8').catch(() => '')).includes('two.example')) {
    await systemClock.sleep(2);
  }
  later.abort();
  await underWay;
  t.same(
    (await driver.list(call())).map((host) => host.mark.service),
    ['two'],
  );
});

t.test('nginx can read what is written, whatever the umask', async (t) => {
  const nginx = await nginxStandIn(t);
  const before = process.umask(0o077);
  t.teardown(() => process.umask(before));
  await driverOver(t, nginx).ensureHost(hostOf('one'), call());
  const mode = async (name: string): Promise<number> => (await stat(join(nginx.dir, name))).mode & 0o777;
  t.equal(await mode('pages'), 0o755);
  t.equal(await mode('sites'), 0o755);
  t.equal(await mode('pages/unknown.html'), 0o644);
  t.equal(await mode('nginx.conf'), 0o644);
  t.equal(await mode('version'), 0o644);
  t.equal(await mode('sites/default~one~1.json'), 0o644);
});

t.test('the rendering', async (t) => {
  const { config } = await nginxStandIn(t);
  const names = Array.from({ length: 3000 }, (_, i) => `n${i}.example.test`);
  const text = renderNginx(
    config,
    [
      hostOf('a', { upstream: { address: 'FD00:0::5', port: 81 }, state: 'preparing' }),
      hostOf('off', { state: 'disabled' }),
      hostOf('many', { names: [...names, `${'l'.repeat(60)}.${'m'.repeat(60)}.example.test`] }),
    ],
    '42',
  );
  t.match(text, / {4}a\.example\.test \[fd00::5\]:81;/);
  t.match(text, / {4}a\.example\.test preparing;/);
  t.notMatch(text, /off\.example\.test/, 'a disabled host is as unknown');
  t.match(text, /map_hash_max_size 8192;/);
  t.match(text, /map_hash_bucket_size 192;/);
  t.match(text, /return 200 "42"/);
  t.match(text, /return 301 https:\/\/\$host:8443\$request_uri/);
  t.match(text, /set_real_ip_from fd00::\/8;/);
  for (const wrong of [
    { dir: '/tmp/a"b' },
    { dir: '/tmp/$host' },
    { listen: ['localhost'] },
    { real_ip_from: ['all;'] },
    { http_port: 70_000 },
    { max_upload_mb: 0 },
    { certificate_file: 'relative.pem' },
  ]) {
    t.throws(
      () => renderNginx({ ...config, ...wrong }, [], '1'),
      { code: 'proxy_failed' },
      JSON.stringify(wrong),
    );
  }
});

t.test('certificates', async (t) => {
  const nginx = await nginxStandIn(t);
  const keyLike = join(nginx.dir, '..', 'wild.key');
  await writeFile(keyLike, 'x', { mode: 0o640 });
  const config = { ...nginx.config, certificate_key_file: keyLike };
  const shown = { wrong: false };
  const open = () => {
    const driver = nginxProxyDriver(config, {
      clock: hurried,
      log: silentLog,
      presented: async (name) => {
        const text = await nginx.loaded();
        const file = new RegExp(`^ +${name.replaceAll('.', '\\.')} "(.*\\.pem)";$`, 'm').exec(text)?.[1];
        if (file === undefined || shown.wrong) return 'the wildcard';
        return new X509Certificate(await readFile(file)).fingerprint256;
      },
    });
    t.teardown(() => driver.close());
    return driver;
  };
  const driver = open();
  const certificate = async (id: string, names: string[]): Promise<ProxyCertificate> => {
    const made = await makeCertificate(names);
    return { id, names, chain: made.cert, key: new Secret(made.key) };
  };
  const files = async (): Promise<string[]> => (await readdir(join(nginx.dir, 'certificates'))).sort();

  const first = await certificate('a1', ['shop.example.org', 'www.shop.example.org']);
  await driver.ensureCertificate(first, call());
  t.match(
    await nginx.loaded(),
    /map \$ssl_server_name \$innkeeper_certificate_key \{\n {4}default "\/.*wild.key";\n {4}shop.example.org "\/.*\/certificates\/a1-[0-9a-f]{16}.key";/,
  );
  const [, key = ''] = await files();
  t.match(await files(), [/^a1-.*\.key$/, /^a1-.*\.pem$/, 'a1.json']);
  t.equal((await stat(join(nginx.dir, 'certificates', (await files())[0] ?? ''))).mode & 0o777, 0o640);
  t.same(await driver.listCertificates(call()), ['a1']);

  await driver.ensureCertificate(await certificate('a1', ['shop.example.org']), call());
  t.equal((await files()).length, 3, 'the pair that was replaced is gone');
  t.notOk((await files()).includes(key));
  t.notMatch(await nginx.loaded(), /www.shop.example.org/);

  const before = await files();
  shown.wrong = true;
  await t.rejects(driver.ensureCertificate(await certificate('a1', ['shop.example.org']), call()), {
    code: 'proxy_failed',
    detail: /get the wildcard instead of the new certificate.*wild\.key/,
  });
  shown.wrong = false;
  t.same(await files(), before, 'the former pair is put back');
  await t.rejects(driver.ensureCertificate(await certificate('b2', ['shop.example.org']), call()), {
    code: 'foreign_object',
  });
  for (const wrong of [{ id: '../x' }, { id: '' }, { names: [] }, { names: ['a b'] }])
    await t.rejects(driver.ensureCertificate({ ...first, ...wrong }, call()), { code: 'proxy_failed' });
  t.same(await files(), before);

  await driver.close();
  await writeFile(join(nginx.dir, 'certificates', 'c3.json'), '{}');
  const again = open();
  await again.ensureHost(hostOf('one'), call());
  t.match(await nginx.loaded(), / {4}shop.example.org "/, 'a damaged record harms no other');
  await again.removeCertificate('a1', call());
  await again.removeCertificate('a1', call());
  t.notMatch(await nginx.loaded(), /shop.example.org/);
  t.same(await files(), ['c3.json']);

  await again.ensureChallenge('tok_en-1', 'tok_en-1.print', call());
  t.equal(await readFile(join(nginx.dir, 'challenges', 'tok_en-1'), 'utf8'), 'tok_en-1.print');
  await again.removeChallenge('tok_en-1', call());
  await again.removeChallenge('tok_en-1', call());
  await t.rejects(again.ensureChallenge('../nginx.conf', 'x', call()), { code: 'proxy_failed' });
});

t.test('a command that may not be run refuses the agent, and no host of it', async (t) => {
  const nginx = await nginxStandIn(t);
  const failing = async (file: string, text: string): Promise<string> => {
    const path = join(nginx.dir, '..', file);
    await writeFile(path, text, { mode: 0o755 });
    return path;
  };
  const notRun = await failing('not-run', '#!/bin/sh\necho "sudo: a password is required" >&2\nexit 126\n');
  for (const [which, command, detail] of [
    ['test', ['/nowhere/at-all'], /could not be started.*ENOENT/],
    ['test', [nginx.dir], /could not be started.*EACCES/],
    ['test', [notRun], /exit code 126: sudo: a password is required/],
    ['reload', ['/nowhere/at-all'], /could not be started.*ENOENT/],
    ['reload', [notRun], /exit code 126: sudo: a password is required/],
  ] as const) {
    const driver = driverOver(t, { ...nginx, config: { ...nginx.config, [which]: [...command] } });
    await t.rejects(
      driver.ensureHost(hostOf('one'), call()),
      { code: 'proxy_refused', failure: 'refused_us', system: 'proxy', detail },
      `${which}: ${command.join(' ')}`,
    );
    await driver.close();
  }
});
