/**
 * The web server inside a memory container. It implements just enough of WordPress to show the title and to let the
 * administrator log in.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Disk, Site } from './containers-disk.js';
import { displayed, escHtml, frontTitle } from './wordpress-text.js';

const BODY_LIMIT = 64 * 1024;
const DAY_MS = 86_400_000;

function page(title: string, body: string, locale = 'en_US'): string {
  return `<!DOCTYPE html>\n<html lang="${locale.replaceAll('_', '-')}">\n<head><meta charset="UTF-8" /><title>${title}</title></head>\n<body>${body}</body>\n</html>\n`;
}

function send(response: ServerResponse, status: number, html: string, headers: object = {}): void {
  response.writeHead(status, { 'Content-Type': 'text/html; charset=UTF-8', ...headers }).end(html);
}

const cookieName = (site: Site): string =>
  `wordpress_logged_in_${createHash('md5').update(site.url).digest('hex')}`;

const sign = (site: Site, user: string, expires: string): string =>
  createHmac('sha256', `${site.salt}${site.adminPassword}`).update(`${user}|${expires}`).digest('hex');

const same = (a: string, b: string): boolean => {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
};

function loggedIn(site: Site, request: IncomingMessage): boolean {
  const cookies = (request.headers.cookie ?? '').split(/;\s*/);
  const held = cookies.find((cookie) => cookie.startsWith(`${cookieName(site)}=`));
  const value = held === undefined ? '' : held.slice(held.indexOf('=') + 1);
  const [user = '', expires = '', signature = ''] = value.replaceAll('%7C', '|').split('|');
  return Number(expires) > Date.now() && same(signature, sign(site, user, expires));
}

function loginForm(site: Site, error: string): string {
  const form = `<form name="loginform" id="loginform" action="${escHtml(site.url)}/wp-login.php" method="post"><input type="text" name="log" id="user_login" /><input type="password" name="pwd" id="user_pass" /><input type="submit" name="wp-submit" id="wp-submit" value="Log In" /></form>`;
  return page(`Log In &lsaquo; ${displayed(site.title)} &#8212; WordPress`, error + form);
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > BODY_LIMIT) break;
  }
  return new URLSearchParams(text);
}

async function logIn(site: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'POST') {
    send(response, 200, loginForm(site, ''));
    return;
  }
  const form = await readForm(request);
  const cookieKept = (request.headers.cookie ?? '').includes('wordpress_test_cookie=');
  if (form.get('testcookie') === '1' && !cookieKept) {
    const error = `<div id="login_error" class="notice notice-error"><p><strong>Error:</strong> Cookies are blocked or not supported by your browser.</p></div>`;
    send(response, 200, loginForm(site, error));
    return;
  }
  const user = form.get('log') ?? '';
  const known = [site.adminUser, site.adminEmail].includes(user);
  if (!known || !same(form.get('pwd') ?? '', site.adminPassword)) {
    const error = `<div id="login_error" class="notice notice-error"><p><strong>Error:</strong> The password you entered for the username <strong>${escHtml(user)}</strong> is incorrect.</p></div>`;
    send(response, 200, loginForm(site, error));
    return;
  }
  letIn(site, response);
}

function letIn(site: Site, response: ServerResponse): void {
  const expires = String(Date.now() + 2 * DAY_MS);
  const value = [site.adminUser, expires, sign(site, site.adminUser, expires)].join('%7C');
  send(response, 302, '', {
    Location: `${site.url}/wp-admin/`,
    'Set-Cookie': `${cookieName(site)}=${value}; path=/; secure; HttpOnly`,
  });
}

/** Behaves like the page that modules/product/wordpress/scripts/login-link.ts writes. */
function useLink(site: Site, id: string, request: IncomingMessage, response: ServerResponse): void {
  const link = site.loginLinks?.[id];
  if (!link) {
    send(response, 404, '404 Not Found');
    return;
  }
  if (request.method !== 'GET') {
    send(response, 405, '');
    return;
  }
  const { searchParams } = new URL(request.url ?? '/', site.url);
  const { [id]: _, ...rest } = site.loginLinks ?? {};
  const isRight = same(
    link.sha256,
    createHash('sha256')
      .update(searchParams.get('token') ?? '')
      .digest('hex'),
  );
  const isOver = Date.now() > link.until;
  if (isRight || isOver) site.loginLinks = rest;
  if (isRight && !isOver && link.user === site.adminUser) letIn(site, response);
  else send(response, 404, 'This link has been used or has expired.');
}

async function answer(site: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', site.url);
  const host = (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
  const known = host === new URL(site.url).hostname || (site.names ?? []).includes(host);
  if (request.headers['x-forwarded-proto'] !== 'https' || !known) {
    send(response, 301, '', { Location: `${site.url}${request.url ?? '/'}` });
    return;
  }
  const [, link] = /^\/innkeeper-login-([0-9a-f]+)\.php$/.exec(pathname) ?? [];
  if (link !== undefined) {
    useLink(site, link, request, response);
  } else if (pathname === '/wp-login.php') {
    await logIn(site, request, response);
  } else if (pathname === '/wp-admin' || pathname.startsWith('/wp-admin/')) {
    if (loggedIn(site, request) && pathname === '/wp-admin/options.php' && request.method === 'POST') {
      const changed = (await readForm(request)).get('blogname');
      if (changed !== null) site.title = escHtml(changed);
      send(response, 302, '', { Location: `${site.url}/wp-admin/options-general.php?settings-updated=true` });
    } else if (loggedIn(site, request))
      send(response, 200, page(`Dashboard &lsaquo; ${displayed(site.title)} &#8212; WordPress`, 'Dashboard'));
    else
      send(response, 302, '', {
        Location: `${site.url}/wp-login.php?redirect_to=${encodeURIComponent(`${site.url}/wp-admin/`)}&reauth=1`,
      });
  } else if (pathname === '/' || pathname === '/index.php') {
    const heading = `<header><h1>${displayed(site.title)}</h1></header>`;
    send(response, 200, page(frontTitle(site.title), `${heading}<p>Hello world!</p>`, site.locale));
  } else {
    send(response, 404, page(`Page not found &#8211; ${displayed(site.title)}`, 'Page not found'));
  }
}

/** `disk` is called at every request, so that the site changes at once if a rollback or a script changes the disk. */
export function siteListener(disk: () => Disk | undefined): RequestListener {
  return (request, response) => {
    const now = disk();
    if (now?.packages.includes('wordpress') !== true) {
      // a plain operating system has no web server
      request.socket.destroy();
      return;
    }
    if (!now.site) {
      send(response, 503, page('Database Error', 'Error establishing a database connection'));
      return;
    }
    answer(now.site, request, response).catch(() => request.socket.destroy());
  };
}
