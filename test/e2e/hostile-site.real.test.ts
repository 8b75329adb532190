/**
 * One real WordPress in a real container: what it makes of ordered titles and addresses, and what a hacked one can do
 * to root while the agent's scripts run beside it. Every attack is planted by the site's own user; what counts is
 * what root did of it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { Type } from 'typebox';
import { ADDRESSES, TITLES } from '../fixtures/wordpress-texts.js';
import { recipeScripts } from '../modules/recipe-scripts.js';
import { asPhp, insideOf } from './inside.js';
import { checked, get, innkeeper, panel, startDaemon, startWorld } from './processes.js';
import { Visitor } from './visitor.js';

const Order = Type.Object({ fqdn: Type.String(), job_id: Type.String() });
const Job = Type.Object({ status: Type.String(), error: Type.Optional(Type.Unknown()) });
const Status = Type.Object({ vmid: Type.Integer() });
const Credentials = Type.Object({ username: Type.String(), password: Type.String() });
const Containers = Type.Object({
  containers: Type.Array(Type.Object({ config: Type.Record(Type.String(), Type.String()) })),
});
const Texts = Type.Array(Type.String());
const Kept = Type.Array(Type.Object({ user: Type.Union([Type.String(), Type.Null()]), site: Type.String() }));

const stateDir = await mkdtemp(join(tmpdir(), 'innkeeper-hostile-'));
const world = await startWorld(stateDir);
const ready = world.told;
const configFile = join(stateDir, 'innkeeper.yaml');
const daemons: Awaited<ReturnType<typeof startDaemon>>[] = [];
t.teardown(async () => {
  for (const daemon of daemons) await daemon.stop();
  await world.stop();
  await rm(stateDir, { recursive: true, force: true });
});
const { containers } = await get(ready, `${ready.control}/containers`, Containers);
if (!containers.some(({ config }) => config['template'] === '1'))
  await innkeeper('template', 'build', 'wordpress', '--config', configFile);
daemons.push(await startDaemon(ready.api, configFile));

const TITLE = 'Tom &amp; Jerry';
const EMAIL = "o'neill+tag@example.com";

async function deliver(): Promise<{ fqdn: string; vmid: number }> {
  const answer = await fetch(`${ready.api}/create-site`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ready.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      service_id: '12',
      email: EMAIL,
      plan: 'basic',
      public_ip: '127.0.0.1',
      properties: { title: TITLE },
    }),
  });
  const { fqdn, job_id: id } = checked(Order, await answer.json());
  for (;;) {
    const job = await get(ready, `/jobs/${id}`, Job);
    if (['failed', 'stuck'].includes(job.status)) throw new Error(JSON.stringify(job));
    if (job.status === 'completed') break;
    await delay(200);
  }
  return { fqdn, vmid: checked(Status, await panel(ready, 'status', '12')).vmid };
}

const { fqdn, vmid } = await deliver();
const { username, password } = await get(ready, '/services/12/credentials', Credentials);
const inside = insideOf(stateDir, vmid);
const scripts = new Map((await recipeScripts()).map((script) => [script.name, script]));
const databasePassword = (
  await inside.root(`sed -n "s/^define('DB_PASSWORD', '\\(.*\\)');/\\1/p" /var/www/wordpress/wp-config.php`)
).trim();

/** As the agent gives them for this site. */
const VALUES = {
  SITE_FQDN: fqdn,
  SITE_URL: `https://${fqdn}`,
  SITE_NAMES: '',
  LOCAL_NAMES: fqdn,
  SITE_TITLE: TITLE,
  SITE_LOCALE: 'en_US',
  SITE_PORT: '80',
  TRUSTED_PROXIES: '10.0.0.0/8',
  ADMIN_USER: username,
  ADMIN_EMAIL: EMAIL,
  ADMIN_PASSWORD: password,
  DB_PASSWORD: databasePassword,
};

async function run(name: string, values: Readonly<Record<string, string>> = {}) {
  const script = scripts.get(`wordpress/${name}`);
  if (!script) throw new Error(`there is no script ${name}`);
  return inside.recipe(script, { ...VALUES, ...values });
}

/** Runs statements as the site's own database user. */
async function sql(...statements: string[]): Promise<void> {
  await inside.php(`mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
    $db = new mysqli('localhost', 'wordpress', ${asPhp(databasePassword)}, 'wordpress');
    foreach (${asPhp(statements)} as $sql) $db->query($sql);`);
}

t.test('a site is delivered with the escaped title and the address of its order', async (t) => {
  const page = await new Visitor(ready, fqdn).open('/');
  t.match(page, { status: 200, title: TITLE });
  const held = await inside.root(
    `mariadb -N wordpress -e "SELECT option_value FROM wp_options WHERE option_name IN ('admin_email', 'blogname') UNION SELECT user_email FROM wp_users"`,
  );
  t.same(held.trim().split('\n').sort(), [TITLE, EMAIL].sort());
});

t.test('WordPress shows titles as the agent and its look-alike expect', async (t) => {
  const shown = await inside.php(`require 'wp-load.php';
    $http = stream_context_create(['http' => ['header' => ['Host: ${fqdn}', 'X-Forwarded-Proto: https'], 'timeout' => 60]]);
    foreach (${asPhp(TITLES.map(([ordered]) => ordered))} as $title) {
      update_option('blogname', $title);
      $page = file_get_contents('http://127.0.0.1/', false, $http);
      $found[] = preg_match('~<title>(.*?)</title>~s', $page, $match) ? $match[1] : 'none';
    }
    update_option('blogname', ${asPhp(TITLE)});
    echo json_encode($found);`);
  const found = checked(Texts, JSON.parse(shown));
  for (const [n, [ordered, expected]] of TITLES.entries()) t.equal(found[n], expected, ordered);
});

t.test('WordPress keeps and changes addresses as the agent and its look-alike expect', async (t) => {
  const shown = await inside.php(`require 'wp-load.php';
    foreach (${asPhp(ADDRESSES.map(([ordered]) => ordered))} as $n => $address) {
      wp_insert_user(['user_login' => "user$n", 'user_pass' => 'x', 'user_email' => wp_slash($address)]);
      $user = $wpdb->get_var("SELECT user_email FROM $wpdb->users WHERE user_login = 'user$n'");
      $found[] = ['user' => $user, 'site' => sanitize_email($address)];
    }
    $wpdb->query("DELETE FROM $wpdb->users WHERE user_login LIKE 'user%'");
    echo json_encode($found);`);
  const found = checked(Kept, JSON.parse(shown));
  for (const [n, [ordered, user = null, site]] of ADDRESSES.entries())
    t.same(found[n], { user, site }, ordered);
});

t.test('what WordPress has changed is found when it is read back', async (t) => {
  const changed = await run('configure', { ADMIN_EMAIL: 'müller@example.com' });
  t.equal(changed.code, 1);
  t.match(
    changed.stderr,
    /WordPress keeps the e-mail address "mller@example\.com", not "müller@example\.com"/,
  );
  t.match(await run('configure'), { code: 0 }, 'and the right one takes its place');
  await sql(
    `CREATE TRIGGER other BEFORE UPDATE ON wp_users FOR EACH ROW
    SET NEW.user_email = 'eve@example.com', NEW.user_pass = 'x'`,
  );
  t.match(await run('set-email'), { code: 1, stderr: /did not keep the new e-mail address/ });
  t.match(await run('set-password'), { code: 1, stderr: /did not keep the new password/ });
  await sql('DROP TRIGGER other');
  t.match(await run('set-email'), { code: 0 });
});

/** Left by whoever runs the site's code as root. */
const OWNED = '/root/owned';
const owned = async (): Promise<string> => inside.root(`ls -d ${OWNED}* 2>/dev/null || :`);
const PAYLOAD = `<?php @file_put_contents('${OWNED}-' . basename(__FILE__), posix_geteuid()); ?>`;

t.test('no script of root runs, includes or follows what the site has written', async (t) => {
  const code = [
    ...['wp-config.php', 'wp-load.php', 'wp-settings.php', 'wp-includes/class-phpass.php'],
    ...['wp-includes/formatting.php', 'wp-includes/class-wpdb.php'],
  ];
  await inside.php(`foreach (${asPhp(code)} as $file)
      file_put_contents($file, ${asPhp(PAYLOAD)} . file_get_contents($file));
    @mkdir('wp-content/mu-plugins');
    file_put_contents('wp-content/mu-plugins/plugin.php', ${asPhp(PAYLOAD)});
    file_put_contents('prepend.php', ${asPhp(PAYLOAD)});
    foreach (['.user.ini', 'php.ini'] as $file)
      file_put_contents($file, "auto_prepend_file = /var/www/wordpress/prepend.php\\n");
    foreach (['mariadb', 'od', 'sed', 'php', 'openssl'] as $file) {
      file_put_contents($file, "#!/bin/sh\\ntouch ${OWNED}-$file\\n");
      chmod($file, 0755);
    }
    file_put_contents('.my.cnf', "[client]\\nuser=nobody\\n");`);
  t.match(await run('set-password', { ADMIN_PASSWORD: 'second-Password1' }), { code: 0, stdout: /set/ });
  t.match(await run('set-email', { ADMIN_EMAIL: 'bea@example.com' }), { code: 0 });
  t.match(await run('set-url'), { code: 0 });
  t.match(await run('configure', { ADMIN_EMAIL: 'bea@example.com' }), { code: 0 });
  t.equal(await owned(), '');
  const admin = await new Visitor(ready, fqdn).logIn(username, password);
  t.match(admin, { status: 200, title: /^Dashboard/ }, 'the site goes on');
});

t.test('a process that the site leaves behind holds no later script up', async (t) => {
  const fork = `<?php if (PHP_SAPI === 'cli') proc_open('setsid sleep 1234', [], $pipes);`;
  await inside.php(`@mkdir('wp-content/mu-plugins');
    file_put_contents('wp-content/mu-plugins/plugin.php', ${asPhp(fork)});`);
  t.match(await run('configure', { ADMIN_EMAIL: 'bea@example.com' }), { code: 0 });
  t.match(await inside.root('pgrep -u www-data -f "sleep 1234"'), /^\d+/, 'it is there');
  t.match(await run('set-email'), { code: 0 });
  await inside.root('pkill -u www-data -f "sleep 1234"');
  await inside.site('rm -r wp-content/mu-plugins && rm -f .user.ini php.ini prepend.php .my.cnf');
  // A worker keeps a .user.ini that it has read for five minutes (user_ini.cache_ttl).
  await inside.root('systemctl restart "php*-fpm.service"');
});

t.test('a password that was set by its hash is one that WordPress takes', async (t) => {
  const next = 'third-Password1';
  t.match(await run('set-password', { ADMIN_PASSWORD: next }), { code: 0, stdout: /set/ });
  t.match(await new Visitor(ready, fqdn).logIn(username, next), { status: 200, title: /^Dashboard/ });
  t.match(await new Visitor(ready, fqdn).logIn(username, password), { status: 200, title: /^Log In/ });
});

t.test("no view or function of the site runs with the rights of the database's root", async (t) => {
  const before = await inside.root(`mariadb -N -e 'SELECT @@GLOBAL.long_query_time'`);
  await sql('CREATE TABLE who (name VARCHAR(100))');
  for (const table of ['wp_options', 'wp_users']) {
    await sql(
      'DROP FUNCTION IF EXISTS evil',
      `CREATE FUNCTION evil() RETURNS INT SQL SECURITY INVOKER MODIFIES SQL DATA BEGIN
      INSERT INTO wordpress.who VALUES (CURRENT_USER()); SET GLOBAL long_query_time = 42; RETURN 0; END`,
      `RENAME TABLE ${table} TO held`,
      `CREATE SQL SECURITY INVOKER VIEW ${table} AS SELECT * FROM held WHERE evil() = 0`,
    );
    for (const name of ['set-email', 'set-password', 'set-url']) {
      await run(name);
      const who = await inside.root(`mariadb -N wordpress -e 'SELECT name FROM who'`);
      t.equal(who, '', `${name} through a view for ${table}`);
    }
    await sql(`DROP VIEW ${table}`, `RENAME TABLE held TO ${table}`);
  }
  t.equal(await inside.root(`mariadb -N -e 'SELECT @@GLOBAL.long_query_time'`), before, 'no right of root');
  const grants = await inside.root(`mariadb -N -e "SHOW GRANTS FOR 'innkeeper'@'localhost'"`);
  t.notMatch(grants, /ALL PRIVILEGES|SUPER|EXECUTE|ON \*\.\* .*(?:SELECT|INSERT)/);
  t.match(await run('set-email'), { code: 0 });
});

t.test('nothing of the site holds a script for longer than a statement may take', async (t) => {
  const stopped = /max_statement_time|interrupted/i;
  for (const body of [
    'DO SLEEP(3600)',
    'BEGIN WHILE 1 DO SET @x = SHA2(REPEAT("x", 1000), 512); END WHILE; END',
  ]) {
    await sql(`CREATE TRIGGER slow BEFORE UPDATE ON wp_users FOR EACH ROW ${body}`);
    const { code, stderr } = await run('set-email', { ADMIN_EMAIL: 'cleo@example.com' });
    t.not(code, 0);
    t.match(stderr, stopped, body);
    await sql('DROP TRIGGER slow');
  }
  const locks = await inside.root("find /run -name '*recipe.lock'");
  t.match(locks, /recipe\.lock/);
  for (const file of locks.trim().split('\n'))
    await t.rejects(
      inside.site(`flock -n '${file}' true`),
      /cannot open|Permission denied/i,
      'no lock of root',
    );
  const lock = `<?php $db = new mysqli('localhost', 'wordpress', ${asPhp(databasePassword)}, 'wordpress');
    $db->query('LOCK TABLES wp_options WRITE, wp_users WRITE'); touch('/tmp/locked'); sleep(3600);`;
  await inside.php(`file_put_contents('/tmp/lock.php', ${asPhp(lock)});
    exec('setsid php /tmp/lock.php >/dev/null 2>&1 </dev/null &');
    while (!file_exists('/tmp/locked')) { usleep(50000); clearstatcache(); }`);
  const { code, stderr } = await run('set-email', { ADMIN_EMAIL: 'dora@example.com' });
  t.not(code, 0);
  t.match(stderr, stopped, 'a table that the site has locked');
  await inside.root('pkill -u www-data -f /tmp/lock.php; rm -f /tmp/lock.php /tmp/locked');
});

t.test("a configuration that is a pipe, or a link to a file of root's, is none", async (t) => {
  await inside.site('cp wp-config.php /tmp/kept-config && rm wp-config.php && mkfifo wp-config.php');
  t.match(await run('set-email'), { code: 0, stdout: /WordPress is no longer installed here/ });
  await inside.root(`echo '$table_prefix = "stolen_";' >/root/secret && chmod 600 /root/secret`);
  await inside.site('rm wp-config.php && ln -s /root/secret wp-config.php');
  const { stdout, stderr } = await run('set-email');
  t.match(stdout, /WordPress is no longer installed here/);
  t.notMatch(stdout + stderr, /stolen/);
  await inside.site('rm wp-config.php && mv /tmp/kept-config wp-config.php');
});

t.test("an installation that is repeated copies nothing of root's into the site", async (t) => {
  await inside.root('echo very-secret-of-root >/root/secret && chmod 600 /root/secret');
  const found = await inside.site(
    'find -L /usr/share/wordpress /var/lib/wordpress -type d -writable 2>/dev/null || :',
  );
  const places = found.split('\n').filter((place) => place !== '');
  t.comment(`the site can write in the package's tree: ${places.join(', ')}`);
  for (const place of places) await inside.site(`ln -sfn /root/secret '${place}/planted.txt'`);
  await inside.site('rm wp-load.php');
  t.comment((await run('install-packages')).stderr);
  t.equal(await inside.root('grep -rl very-secret-of-root /var/www || :'), '');
  t.equal(await owned(), '');
});
