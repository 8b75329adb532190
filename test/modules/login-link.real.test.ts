/**
 * The page that logs an administrator in, as the recipe writes it: by a real shell, and run by a real PHP. WordPress
 * itself is played by a few lines.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { databaseUp } from '../../modules/product/wordpress/scripts/database-up.js';
import { loginLink } from '../../modules/product/wordpress/scripts/login-link.js';
import WordPress from '../../modules/product/wordpress/module.js';

const ID = 'a1'.repeat(16);
const TOKEN = 'the-right-one';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const WORDPRESS = String.raw`<?php
function get_user_by($by, $name) { return $name === "o'brien" ? (object) ['ID' => 7, 'user_login' => $name] : false; }
function user_can($user, $what) { return $what === 'manage_options'; }
function wp_set_auth_cookie($id, $remember, $secure) { setcookie('wordpress_logged_in', "$id", ['secure' => $secure]); }
function do_action(...$all) {}
function admin_url() { return '/wp-admin/'; }
function wp_safe_redirect($to) { header("Location: $to", true, 302); }
header('X-Seen: ' . json_encode([$_GET, $_SERVER['QUERY_STRING']]));
`;

/** Runs the recipe's own lines; the database knows one user. */
async function runRecipe(dir: string, values: Readonly<Record<string, string>>) {
  const known = `
prefix=wp_
sql() { case $1 in *"o'brien"*) echo 1 ;; *) echo 0 ;; esac; }
bytes() { printf '%s' "$1"; }
as_site() { "$@"; }
`;
  const body = loginLink.replace(databaseUp, known).replaceAll('/var/www/wordpress', dir);
  const child = spawn('sh', ['-eu'], { env: { PATH: process.env['PATH'], ...values } });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (out += String(text)));
  child.stdin.end(body);
  await once(child, 'close');
  return { code: child.exitCode, out: out.trim() };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

async function open(t: Test) {
  const dir = await mkdtemp(join(tmpdir(), 'innkeeper-login-'));
  await writeFile(join(dir, 'wp-load.php'), WORDPRESS);
  const port = await freePort();
  const php = spawn('php', ['-S', `127.0.0.1:${port}`, '-t', dir], { stdio: 'ignore' });
  t.teardown(async () => {
    php.kill();
    await once(php, 'close');
    await rm(dir, { recursive: true });
  });
  const visit = (path: string, method = 'GET') =>
    fetch(`http://127.0.0.1:${port}${path}`, { method, redirect: 'manual' });
  for (let tries = 0; ; tries += 1) {
    const isUp = await visit('/').then(
      () => true,
      () => false,
    );
    if (isUp) break;
    if (tries > 200) throw new Error('PHP does not come up');
    await delay(50);
  }
  const values = { LINK_ID: ID, LINK_SHA256: sha256(TOKEN), ADMIN_USER: "o'brien" };
  const pages = async () => (await readdir(dir)).filter((name) => name.startsWith('innkeeper-login-'));
  return { dir, visit, values, pages, make: (also = {}) => runRecipe(dir, { ...values, ...also }) };
}

const path = new WordPress().loginPath.replace('{id}', ID).replace('{token}', TOKEN);

t.test('the link is valid once, for the holder of its token', async (t) => {
  const { visit, make, pages } = await open(t);
  t.same(await make(), { code: 0, out: 'made' });
  t.equal((await visit(path.replace(TOKEN, 'another'))).status, 404);
  t.equal((await visit(path.replace(/\?.*/, ''))).status, 404);
  t.equal((await visit(path.replace('token=', 'token[]='))).status, 404);
  t.equal((await visit(path, 'HEAD')).status, 405);
  t.equal((await visit(path, 'POST')).status, 405);
  t.same(await pages(), [`innkeeper-login-${ID}.php`], 'none of which used it up');
  const visits = await Promise.all([visit(path), visit(path), visit(path)]);
  const good = visits.filter(({ status }) => status === 302);
  t.equal(good.length, 1, 'of three at once one is let in');
  t.match(good[0]?.headers.get('set-cookie'), /^wordpress_logged_in=7;.*secure/i);
  t.equal(good[0]?.headers.get('location'), '/wp-admin/');
  t.match(good[0]?.headers.get('cache-control'), 'no-store');
  t.equal(good[0]?.headers.get('x-seen'), '[[],""]', 'the site’s own code does not see the token');
  t.same(await pages(), []);
  t.equal((await visit(path)).status, 404);
});

t.test('it expires after a minute', async (t) => {
  const { dir, visit, make, pages } = await open(t);
  await make();
  const file = join(dir, `innkeeper-login-${ID}.php`);
  const text = await readFile(file, 'utf8');
  const until = Number(/'until' => (\d+)/.exec(text)?.[1]);
  const now = Date.now() / 1000;
  t.ok(until > now && until <= now + 61, 'the minute begins when it is written');
  t.notMatch(text, TOKEN, 'the page has the hash alone');
  await writeFile(file, text.replace(String(until), String(Math.floor(now) - 1)));
  t.equal((await visit(path)).status, 404);
  t.same(await pages(), [], 'and it is gone');

  await make();
  const old = Date.now() / 1000 - 600;
  await utimes(file, old, old);
  await make({ LINK_ID: 'b2'.repeat(16) });
  t.same(
    await pages(),
    [`innkeeper-login-${'b2'.repeat(16)}.php`],
    'what nobody came for goes with the next',
  );
});

t.test('what the recipe is given is checked', async (t) => {
  const { make, pages } = await open(t);
  t.same(await make({ ADMIN_USER: 'nobody' }), { code: 0, out: 'no such user' });
  for (const also of [{ LINK_ID: '' }, { LINK_ID: '../x' }, { LINK_SHA256: "'; evil" }, { LINK_SHA256: '' }])
    t.not((await make(also)).code, 0, JSON.stringify(also));
  t.same(await pages(), []);
});
