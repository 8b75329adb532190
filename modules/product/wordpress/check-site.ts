/**
 * Checks a new WordPress site. Its front page must show its title, and its administrator must be able to log in,
 * because status 200 alone proves nothing.
 */
import { AgentError } from '../../../src/kernel/errors.js';
import type { StepContext } from '../../../src/modules/kit/context.js';
import type { SiteAnswerView } from '../../../src/modules/kit/host-call-types.js';
import { siteOf } from '../../../src/modules/kit/parts.js';
import { titleOf } from './html-text.js';
import { showsTitle } from './site-title.js';

/** WordPress rejects a login if the browser does not send this cookie back. */
const TEST_COOKIE = { wordpress_test_cookie: 'WP%20Cookie%20check' };

export async function checkSite(
  context: StepContext,
  expected: { readonly title: string; readonly user: string },
): Promise<void> {
  const looks = await Promise.allSettled([
    lookAtFrontPage(context, expected.title),
    logIn(context, expected.user),
  ]);
  for (const look of looks) if (look.status === 'rejected') throw look.reason;
}

async function lookAtFrontPage(context: StepContext, title: string): Promise<void> {
  const page = await context.site.fetch({ path: '/' });
  const shown = titleOf(page.body);
  if (page.status !== 200) {
    throw unready(page, 'The new site does not answer yet.', `a front page with the title "${title}"`);
  }
  if (shown === undefined || !showsTitle(shown, title)) {
    throw new AgentError('site_wrong', 'The new site does not show its own front page.', {
      role: 'site',
      detail: `expected the title "${title}", found ${shown === undefined ? 'a page without title' : `"${shown}"`}`,
    });
  }
}

async function logIn(context: StepContext, user: string): Promise<void> {
  const answer = await context.site.fetch({
    path: '/wp-login.php',
    method: 'POST',
    cookies: TEST_COOKIE,
    form: {
      log: user,
      pwd: await context.secrets.ensure('admin_password'),
      'wp-submit': 'Log In',
      redirect_to: `${siteOf(context.service).url}/wp-admin/`,
      testcookie: '1',
    },
  });
  const loggedIn = Object.keys(answer.cookies).some((name) => name.startsWith('wordpress_logged_in_'));
  const goesTo = answer.headers['location'] ?? '';
  if (answer.status !== 302 || !loggedIn || !goesTo.includes('/wp-admin')) {
    throw unready(
      answer,
      'The login of the new site does not work.',
      `a login of "${user}" that redirects to /wp-admin/`,
    );
  }
  const admin = await context.site.fetch({
    path: '/wp-admin/',
    cookies: { ...TEST_COOKIE, ...answer.cookies },
  });
  if (admin.status !== 200) {
    throw unready(admin, 'The admin area of the new site does not open.', 'wp-admin after the login');
  }
}

/**
 * A gateway error means that the site does not respond yet. Any other unexpected response means that a different site
 * responds.
 */
function unready(answer: SiteAnswerView, message: string, expected: string): AgentError {
  const location = answer.headers['location'];
  const found = `HTTP ${answer.status}${location === undefined ? '' : ` to ${location}`}, title "${titleOf(answer.body) ?? ''}"`;
  return new AgentError(
    [502, 503, 504].includes(answer.status) ? 'site_unreachable' : 'site_wrong',
    message,
    {
      role: 'site',
      detail: `expected ${expected}, found ${found}`,
    },
  );
}
