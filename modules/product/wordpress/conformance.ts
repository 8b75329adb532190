/** The environment in which `innkeeper module check` runs the jobs of the module: WordPress as it responds. */
import type {
  ScriptCall,
  SiteAnswerView,
  SiteRequestCall,
} from '../../../src/modules/kit/host-call-types.js';

const TITLE = 'alice';
const LOGGED_IN = 'wordpress_logged_in_x';

export default () => ({
  settings: { source: 'template', title: '{subdomain}' },
  site,
  /** The last word that a script prints says whether it found the administrator. */
  script: ({ name }: ScriptCall) => {
    if (name === 'wordpress/set-password') return { stdout: 'set\n' };
    return name === 'wordpress/login-link' ? { stdout: 'made\n' } : undefined;
  },
});

function site({ method = 'GET', path, cookies = {} }: SiteRequestCall): SiteAnswerView {
  if (path === '/') return page(TITLE);
  if (path === '/wp-login.php' && method === 'POST')
    return {
      ...page('Log In', 302),
      headers: { location: 'https://alice.sites.example.net/wp-admin/' },
      cookies: { [LOGGED_IN]: 'yes' },
    };
  if (path === '/wp-admin/') return Object.hasOwn(cookies, LOGGED_IN) ? page('Dashboard') : page('', 302);
  return page('Page not found', 404);
}

function page(title: string, status = 200): SiteAnswerView {
  return { status, headers: {}, cookies: {}, body: `<html><head><title>${title}</title></head></html>` };
}
