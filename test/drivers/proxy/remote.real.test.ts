/** nginx behind SSH: a real sshd, systemd/innkeeper-proxy as its forced command, a real nginx. */
import { spawnSync } from 'node:child_process';
import { chmod, lstat, mkdir, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Agent, request } from 'undici';
import { systemClock } from '../../../src/kernel/clock.js';
import { Secret } from '../../../src/kernel/secret.js';
import type { ProxyHost } from '../../../src/drivers/proxy/contract.js';
import type { CertificateEntry } from '../../../src/drivers/proxy/nginx/certificates.js';
import { nginxProxyDriver } from '../../../src/drivers/proxy/nginx/index.js';
import { renderPages } from '../../../src/drivers/proxy/nginx/pages.js';
import { fileNameOf } from '../../../src/drivers/proxy/nginx/record.js';
import { remotePlace } from '../../../src/drivers/proxy/nginx/remote/index.js';
import { encodeRecords } from '../../../src/drivers/proxy/nginx/remote/records-text.js';
import { renderFront, renderMaps } from '../../../src/drivers/proxy/nginx/render.js';
import { call, hostOf, markOf, proxyContract } from '../../contracts/proxy.js';
import { makeCertificate } from '../../fakes/certificate.js';
import { REPOSITORY } from '../../systemd/machine.js';
import { realSshd } from '../exec/real-sshd.js';
import { silentLog } from './nginx-stand-in.js';
import { realNginx } from './real-nginx.js';

const SCRIPT = join(REPOSITORY, 'systemd/innkeeper-proxy');

async function proxyHost(t: Test, ...more: string[]) {
  const nginx = await realNginx(t);
  const { config, root } = nginx;
  for (const folder of ['pages', 'certificates', 'challenges']) await mkdir(join(config.dir, folder));
  await writeFile(join(config.dir, 'nginx.conf'), renderFront(config));
  for (const [name, html] of Object.entries(renderPages()))
    await writeFile(join(config.dir, 'pages', name), html);
  await writeFile(
    join(config.dir, 'maps.conf'),
    `${renderMaps(config, [], [])}\nmap $host $innkeeper_version { default "0"; }\n`,
  );
  const wrapper = join(root, 'nginx');
  await writeFile(
    wrapper,
    `#!/bin/sh\n[ "$*" = '-t -q' ] && { [ -s ${root}/poison ] && grep -q -f ${root}/poison ${config.dir}/maps.conf && { echo 'nginx: [emerg] poisoned' >&2; exit 1; }; exec ${config.test[0] ?? ''}; }\nexec ${config.reload[0] ?? ''}\n`,
  );
  await chmod(wrapper, 0o755);
  await nginx.start();
  const sshd = await realSshd(t);
  const command = [
    ...[SCRIPT, `--dir=${config.dir}`, `--certificate=${config.certificate_file}`],
    ...[
      `--certificate-key=${config.certificate_key_file}`,
      `--status-port=${config.status_port}`,
      `--nginx=${wrapper}`,
    ],
    ...more,
  ].join(' ');
  await sshd.force(command);
  const { hosts, ...key } = sshd.config;
  const door = { address: '127.0.0.1', https_port: config.https_port, ca_file: null };
  const driver = () => {
    const place = remotePlace({ ...key, host: '127.0.0.1', port: hosts['pve1']?.port ?? 0 }, door, {
      clock: systemClock,
    });
    const made = nginxProxyDriver(config, { clock: systemClock, log: silentLog, place });
    t.teardown(() => made.close());
    return made;
  };
  return { nginx, config, sshd, driver, at: (name: string): string => join(config.dir, name) };
}

async function visit(port: number, name: string, ca: string): Promise<number> {
  const agent = new Agent({ connect: { ca, servername: name } });
  try {
    const answer = await request(`https://127.0.0.1:${port}/`, {
      headers: { host: name },
      dispatcher: agent,
      reset: true,
    });
    await answer.body.dump();
    return answer.statusCode;
  } finally {
    await agent.close();
  }
}

t.test('the contract', async (t) => {
  await proxyContract(t, async (t) => (await proxyHost(t)).driver());
});

t.test('what is shipped is clean', async (t) => {
  for (const file of ['innkeeper-exec'])
    t.match(spawnSync('shellcheck', [join(REPOSITORY, 'systemd', file)], { encoding: 'utf8' }), {
      status: 0,
      stdout: '',
    });
  t.match(spawnSync('perl', ['-T', '-w', '-c', SCRIPT], { encoding: 'utf8' }), {
    status: 0,
    stderr: `${SCRIPT} syntax OK\n`,
  });
});

t.test(
  'a refused record is found, a certificate of its own is shown, and a new daemon finds all of it',
  async (t) => {
    const { nginx, config, driver } = await proxyHost(t);
    const first = driver();
    await first.ensureHost(hostOf('bad'), call());
    await nginx.poison('poison.example.test');
    const requests = Array.from({ length: 12 }, (_, i) =>
      first.ensureHost(i === 7 ? hostOf('bad', { names: ['poison.example.test'] }) : hostOf(`s${i}`), call()),
    );
    const ends = await Promise.allSettled(requests);
    t.same(
      ends.flatMap((end, i) => (end.status === 'rejected' ? [i] : [])),
      [7],
    );
    t.match(ends[7], { reason: { code: 'proxy_failed', detail: /poisoned/ } });
    await nginx.poison('');
    await first.ensureHost(
      hostOf('own', { names: ['own.example.test', 'shop.test'], state: 'suspended' }),
      call(),
    );
    const made = await makeCertificate(['shop.test']);
    await first.ensureCertificate(
      { id: 'a1', names: ['shop.test'], chain: made.cert, key: new Secret(made.key) },
      call(),
    );
    t.equal(
      await visit(config.https_port, 'shop.test', made.ca),
      503,
      'suspended, behind its own certificate',
    );
    t.equal(await visit(config.https_port, 'own.example.test', nginx.ca), 503);
    t.equal(await visit(config.https_port, 'poison.example.test', nginx.ca), 404);
    await first.ensureChallenge('tok_en', 'tok_en.print', call());
    const challenge = await request(
      `http://127.0.0.1:${config.http_port}/.well-known/acme-challenge/tok_en`,
      { reset: true },
    );
    t.equal(await challenge.body.text(), 'tok_en.print');
    await first.removeChallenge('tok_en', call());
    await first.close();

    const second = driver();
    t.same((await second.list(call())).length, 13);
    t.same(await second.find(markOf('bad'), call()), hostOf('bad'));
    t.same(await second.listCertificates(call()), ['a1']);
    await nginx.stop();
    await t.rejects(second.ensureHost(hostOf('late'), call()), { code: 'proxy_unreachable' });
    await nginx.start();
    await second.ensureHost(hostOf('late'), call());
    await second.removeCertificate('a1', call());
    t.same(await readdir(join(config.dir, 'certificates')), []);
  },
);

t.test('it renders what the agent itself would', async (t) => {
  const { config, sshd, at } = await proxyHost(t);
  const hosts: ProxyHost[] = Array.from({ length: 1500 }, (_, i) =>
    hostOf(`s${i}`, {
      names: [`s${i}.example.test`, ...(i % 7 === 0 ? [`${'long-'.repeat(10)}x.${i}.example.test`] : [])],
      upstream: {
        address: i % 3 === 0 ? `fd00::${(i + 1).toString(16)}` : `10.${i % 250}.0.${(i % 254) + 1}`,
        port: 80 + i,
      },
      state: (['preparing', 'enabled', 'suspended', 'disabled'] as const)[i % 4] ?? 'enabled',
    }),
  );
  const made = await makeCertificate(['shop.test']);
  const entry: CertificateEntry = {
    id: 'a1',
    names: ['shop.test', 'www.shop.test'],
    file: `a1-${'0'.repeat(16)}`,
  };
  const ask = await sshd.connect();
  t.same(await ask(`innkeeper-proxy put-pair ${entry.file}`, `${made.cert.trim()}\n${made.key.trim()}\n`), {
    code: 0,
    out: '',
  });
  const records = {
    sites: new Map(hosts.map((host) => [fileNameOf(host.mark), host])),
    certificates: new Map([['a1', entry]]),
  };
  const from = Date.now();
  t.same(await ask('innkeeper-proxy put', encodeRecords({ records, version: '5' }, '0')), {
    code: 0,
    out: '',
  });
  t.comment(`1,500 sites tested and loaded in ${Date.now() - from} ms`);
  t.equal(
    await readFile(at('maps.conf'), 'utf8'),
    `${renderMaps(config, hosts, [entry])}\nmap $host $innkeeper_version {\n    default "5";\n}\n`,
  );
  t.match(await ask('innkeeper-proxy put', encodeRecords({ records, version: '7' }, '4')), {
    code: 12,
    out: /of version 5/,
  });
  t.same(await ask('innkeeper-proxy remove-pairs a1'), { code: 0, out: '' });
  t.equal((await lstat(at(`certificates/${entry.file}.key`))).isFile(), true, 'what is in use stays');
});

t.test('nothing but records gets through, and no link leads elsewhere', async (t) => {
  const { sshd, at, nginx } = await proxyHost(t);
  const ask = await sshd.connect();
  const site = 'site p~s~1 agent enabled 10.0.0.1:80 a.example.test';
  const text = (...lines: string[]): string =>
    `innkeeper-proxy 1 5 0\n${lines.map((line) => `${line}\n`).join('')}end ${lines.length + 1}\n`;
  const before = await readFile(at('maps.conf'), 'utf8');
  const wrong = [
    '',
    'x',
    text('x'),
    text(`${site} `),
    text(` ${site}`),
    text(site, site),
    text(`${site}\r`),
    `${text(site)}x`,
    text(site).slice(0, -3),
    text(site).replace('end 2', 'end 3'),
    text(site).replace('proxy 1', 'proxy 2'),
    text(site).replace(' 5 ', ' 0x5 '),
    ...[
      '../../etc~s~1',
      'p~../s~1',
      'p~s',
      'p~s~x',
      '.p~s~1',
      'p/q~s~1',
      'p~s~1;',
      '/etc/passwd',
      'p~s~1\0',
    ].map((key) => text(site.replace('p~s~1', key))),
    ...['on', 'enabled;', '"enabled"', '$state'].map((state) => text(site.replace('enabled', state))),
    ...[
      'unix:/run/x.sock',
      '10.0.0.1',
      '10.0.0.1:0',
      '10.0.0.1:65536',
      '10.0.0.256:80',
      '010.0.0.1:80',
      '0.0.0.0:80',
      '224.0.0.1:80',
      'localhost:80',
      '[::]:80',
      '[ff02::1]:80',
      '[fe80::1%eth0]:80',
      '[1:2]:80',
      '[::1::2]:80',
      '[12345::]:80',
      '10.0.0.1:80;',
      '$host:80',
      'http://x:80',
      '169.254.1.1:80/x',
    ].map((upstream) => text(site.replace('10.0.0.1:80', upstream))),
    ...[
      'localhost',
      'A.example.test',
      '*.example.test',
      'a..test',
      '-a.test',
      'a.test;',
      'a.test{',
      '$x.test',
      '"a.test"',
      'a.test\tb.test',
      '10.0.0.1',
      `${'a'.repeat(64)}.test`,
      `${'a.'.repeat(130)}test`,
      'a.example.test a.example.test',
      'default',
      '~^x.test',
      '../x.test',
      'a.test/..',
    ].map((name) => text(site.replace('a.example.test', name))),
    text('certificate a1 a1-0123456789abcdef shop.test'),
    text('certificate a1 ../../x shop.test'),
    text('include /etc/passwd;'),
  ];
  for (const records of wrong)
    for (const command of ['put', 'test'])
      t.match(
        await ask(`innkeeper-proxy ${command}`, records),
        { code: 11, out: /^innkeeper-proxy: refused: / },
        JSON.stringify(records.slice(0, 120)),
      );
  const huge = await ask('innkeeper-proxy put', `innkeeper-proxy 1 5 0\n${`${site}\n`.repeat(700_000)}`);
  t.match(huge, { code: 11, out: /more than 33554432 bytes/ });
  const commands = [
    ...[
      '',
      'id',
      'sh',
      'bash -i',
      'innkeeper-proxy',
      'innkeeper-proxy ',
      'innkeeper-proxy put;id',
      'innkeeper-proxy put\nid',
      'innkeeper-proxy put\n',
      'innkeeper-proxy put x',
      ' innkeeper-proxy put',
      'innkeeper-proxy $(id)',
      'innkeeper-proxy --dir=/tmp put',
      '/usr/sbin/nginx -s stop',
      'scp -t /',
    ],
    ...['../x', 'a1', 'a1-0123456789abcdef/../x', 'a1-0123456789ABCDEF', 'a1-0123456789abcdef;id'].map(
      (file) => `innkeeper-proxy put-pair ${file}`,
    ),
    ...['../x', '', 'a b c', 'A1', '*'].map((id) => `innkeeper-proxy remove-pairs ${id}`),
    ...['../../x', '.', 'a/b', 'a b', '$(id)', ''].map((token) => `innkeeper-proxy put-challenge ${token}`),
    ...['../../x', '..', '*'].map((token) => `innkeeper-proxy remove-challenge ${token}`),
  ];
  for (const command of commands)
    t.match(await ask(command, text(site)), { code: 126, out: /refused/ }, JSON.stringify(command));
  t.equal(
    spawnSync(
      'ssh',
      [
        '-T',
        '-F',
        'none',
        '-i',
        sshd.file('user'),
        '-o',
        'StrictHostKeyChecking=no',
        '-o',
        'UserKnownHostsFile=/dev/null',
        '-p',
        String(sshd.port),
        'root@127.0.0.1',
      ],
      { input: 'id\n' },
    ).status,
    126,
  );
  for (const content of ['', '<script>', 'a\nb', '../x', 'x'.repeat(1001)])
    t.match(
      await ask('innkeeper-proxy put-challenge tok', content),
      { code: 11 },
      JSON.stringify(content.slice(0, 20)),
    );
  for (const pair of [
    '',
    'x',
    '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n',
    'A'.repeat(200_000),
  ])
    t.match(await ask('innkeeper-proxy put-pair a1-0123456789abcdef', pair), { code: 11 });
  t.equal(await readFile(at('maps.conf'), 'utf8'), before, 'nothing was changed by any of it');
  t.same((await readdir(at('.'))).sort(), [
    'certificates',
    'challenges',
    'lock',
    'maps.conf',
    'nginx.conf',
    'pages',
  ]);

  const victim = join(nginx.root, 'victim');
  await writeFile(victim, 'precious');
  await symlink(victim, at('records'));
  t.match(await ask('innkeeper-proxy get'), { code: 13 }, 'not read through a link');
  t.match(await ask('innkeeper-proxy put', text(site)), { code: 13 });
  await rm(at('records'));
  for (const name of ['maps.conf', '.maps.conf.tmp', '.records.tmp']) {
    await rm(at(name), { force: true });
    await symlink(victim, at(name));
  }
  t.not(
    (await ask('innkeeper-proxy put', text(site))).code,
    0,
    'the old maps are not read through a link either',
  );
  await rm(at('maps.conf'));
  t.same(await ask('innkeeper-proxy put', text(site)), { code: 0, out: '' });
  t.equal((await lstat(at('maps.conf'))).isFile(), true);
  await symlink(victim, at('challenges/tok'));
  t.same(await ask('innkeeper-proxy put-challenge tok', 'answer'), { code: 0, out: '' });
  t.equal(await readFile(at('challenges/tok'), 'utf8'), 'answer');
  await rm(at('challenges'), { recursive: true });
  await symlink(nginx.root, at('challenges'));
  t.match(await ask('innkeeper-proxy put-challenge victim', 'answer'), { code: 13, out: /no link/ });
  await chmod(at('.'), 0o777);
  t.match(await ask('innkeeper-proxy get'), { code: 13, out: /only its owner/ });
  t.equal(await readFile(victim, 'utf8'), 'precious');
});

t.test('names are led only to the addresses that the forced command allows', async (t) => {
  const ranges = '10.77.0.10-10.77.3.250,fd00::10-fd00::ffff';
  const { sshd, at } = await proxyHost(t, `--upstreams=${ranges}`);
  const ask = await sshd.connect();
  const put = (upstream: string, after: number) =>
    ask(
      'innkeeper-proxy put',
      `innkeeper-proxy 1 ${after + 1} ${after}\nsite p~s~1 agent enabled ${upstream} a.example.test\nend 2\n`,
    );
  for (const upstream of [
    '127.0.0.1:80',
    '169.254.169.254:80',
    '10.77.0.9:80',
    '10.77.3.251:80',
    '10.77.4.10:80',
    '[::1]:80',
    '[fd00::f]:80',
    '[fd00::1:0]:80',
    '[fd00:0:0:0:0:0:0:f]:80',
  ])
    t.match(await put(upstream, 0), { code: 11, out: /is in no range of --upstreams/ }, upstream);
  const good = ['10.77.0.10:80', '10.77.3.250:65535', '10.77.1.9:80', '[fd00::10]:80', '[fd00::ffff]:80'];
  for (const [i, upstream] of good.entries()) t.same(await put(upstream, i), { code: 0, out: '' }, upstream);
  t.match(await readFile(at('maps.conf'), 'utf8'), /a\.example\.test \[fd00::ffff\]:80;/);
  const older = await readFile(at('records'), 'utf8');
  await writeFile(at('records'), older.replace('[fd00::ffff]:80', '192.0.2.1:80'));
  t.same(await put('10.77.0.10:80', good.length), { code: 0, out: '' }, 'records of before stand in no way');
  for (const wrong of ['', '10.0.0.1', '10.0.0.2-10.0.0.1', '10.0.0.1-fd00::1', '10.0.0.1-10.0.0.9,', 'any'])
    t.match(
      spawnSync(SCRIPT, ['--dir=/x', '--certificate=/x', '--certificate-key=/x', `--upstreams=${wrong}`], {
        encoding: 'utf8',
        env: { SSH_ORIGINAL_COMMAND: 'innkeeper-proxy get' },
      }),
      { status: 126, stderr: /forced command (has|must contain only)/ },
      wrong,
    );
});

t.test('what a thief of the key can make the host bear is bounded', async (t) => {
  const { sshd, at } = await proxyHost(t);
  const ask = await sshd.connect();
  const lines = await ask('innkeeper-proxy put', `innkeeper-proxy 1 5 0\n${'\n'.repeat(30_000_000)}end 1\n`);
  t.match(lines, { code: 11, out: /too many records/ });
  const names = Array.from(
    { length: 20 },
    (_, i) =>
      `site p~s~${i} agent enabled 10.0.0.1:80 ${Array.from({ length: 20_000 }, (_, k) => `a${i}-${k}.test`).join(' ')}\n`,
  );
  t.match(await ask('innkeeper-proxy put', `innkeeper-proxy 1 5 0\n${names.join('')}end 21\n`), {
    code: 11,
    out: /too many names/,
  });

  for (let i = 0; i < 1000; i += 1) await writeFile(at(`challenges/t${i}`), 'x');
  t.match(await ask('innkeeper-proxy put-challenge fresh', 'answer'), { code: 11, out: /too many/ });
  const longAgo = new Date(Date.now() - 2 * 86_400_000);
  await utimes(at('challenges/t7'), longAgo, longAgo);
  t.same(await ask('innkeeper-proxy put-challenge fresh', 'answer'), { code: 0, out: '' });
  t.equal((await readdir(at('challenges'))).length, 1000, 'what was left behind has made room');

  const made = await makeCertificate(['shop.test']);
  const pair = `${made.cert.trim()}\n${made.key.trim()}\n`;
  const used = 'a1-0123456789abcdef';
  t.same(await ask(`innkeeper-proxy put-pair ${used}`, pair), { code: 0, out: '' });
  t.same(
    await ask('innkeeper-proxy put', `innkeeper-proxy 1 5 0\ncertificate a1 ${used} shop.test\nend 2\n`),
    { code: 0, out: '' },
  );
  for (let i = 0; i < 1000; i += 1)
    for (const kind of ['pem', 'key'])
      await writeFile(at(`certificates/b${i}-0123456789abcdef.${kind}`), 'x');
  for (const name of ['b3-0123456789abcdef.pem', `${used}.pem`, `${used}.key`])
    await utimes(at(`certificates/${name}`), longAgo, longAgo);
  t.same(await ask('innkeeper-proxy put-pair c1-0123456789abcdef', pair), { code: 0, out: '' });
  t.match(await ask('innkeeper-proxy put-pair c2-0123456789abcdef', pair), { code: 11, out: /too many/ });
  t.equal(
    (await lstat(at(`certificates/${used}.key`))).isFile(),
    true,
    'what a record uses stays, however old',
  );
});
