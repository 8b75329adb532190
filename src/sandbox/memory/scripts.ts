/** Implements the effects of the agent's scripts on a memory container's disk, by script name. */
import { randomBytes } from 'node:crypto';
import type { Disk, Site } from './containers-disk.js';
import { escHtml, sanitizeEmail, userEmail } from './wordpress-text.js';

export interface Played {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Changes the disk in the same way as the real script does. `takesMs` is how long the real script takes. */
export interface ScriptPlay {
  readonly takesMs: number;
  play(disk: Disk, values: Readonly<Record<string, string>>): Played;
}

type Values = Readonly<Record<string, string>>;

export type ScriptTable = Readonly<Record<string, ScriptPlay>>;

const done = (stdout = ''): Played => ({ code: 0, stdout, stderr: '' });
const failed = (code: number, stderr: string): Played => ({ code, stdout: '', stderr: `${stderr}\n` });

const CONFIGURE = [
  'SITE_FQDN',
  'SITE_URL',
  'SITE_TITLE',
  'ADMIN_USER',
  'ADMIN_EMAIL',
  'ADMIN_PASSWORD',
  'DB_PASSWORD',
];

/**
 * Some of the languages in Debian's package wordpress-l10n. English is not in this list, because WordPress itself
 * contains it.
 */
const LANGUAGES = [
  'en_US',
  'en_GB',
  'de_DE',
  'es_ES',
  'fr_FR',
  'it_IT',
  'ja',
  'nl_NL',
  'pl_PL',
  'pt_BR',
  'ru_RU',
];

/** Returns the first requested language that is available. */
function installable(wanted: string): string | undefined {
  return (wanted === '' ? 'en_US' : wanted).split(' ').find((locale) => LANGUAGES.includes(locale));
}

function configure(disk: Disk, values: Readonly<Record<string, string>>): Played {
  if (!disk.packages.includes('wordpress'))
    return failed(1, 'php: Failed opening required /usr/share/wordpress/wp-load.php');
  const missing = CONFIGURE.find((name) => (values[name] ?? '') === '');
  if (missing !== undefined) return failed(2, `/bin/sh: 1: ${missing}: parameter not set`);
  const value = (name: string): string => values[name] ?? '';
  const ordered = value('ADMIN_EMAIL');
  const kept = userEmail(ordered);
  if (kept === undefined) return failed(1, 'WordPress did not create the administrator');
  if (kept !== ordered || sanitizeEmail(ordered) !== ordered)
    return failed(1, `WordPress keeps the e-mail address "${kept}", not "${ordered}"`);
  const locale = installable(value('SITE_LOCALE'));
  if (locale === undefined)
    return failed(
      1,
      `WordPress has no files for the language ${value('SITE_LOCALE').split(' ').at(-1) ?? ''}`,
    );
  disk.site = {
    locale,
    fqdn: value('SITE_FQDN').toLowerCase(),
    url: value('SITE_URL').replace(/\/$/, ''),
    title: escHtml(value('SITE_TITLE')),
    adminUser: value('ADMIN_USER'),
    adminEmail: kept,
    adminPassword: value('ADMIN_PASSWORD'),
    dbPassword: value('DB_PASSWORD'),
    salt: randomBytes(32).toString('hex'),
  };
  return done('site configured\n');
}

function onSite(disk: Disk, change: (site: Site) => Played): Played {
  return disk.site ? change(disk.site) : failed(1, 'the database server does not start');
}

/** `root:password`, as `chpasswd` reads it. */
const PASSWORD_FILE = '/etc/shadow';

function setUpServer(disk: Disk, { ROOT_PASSWORD: password = '', SSH_KEYS: keys }: Values): Played {
  if (keys === undefined) return failed(2, '/bin/sh: 1: SSH_KEYS: parameter not set');
  if (password === '') return failed(1, 'a password is needed');
  disk.packages = [...new Set([...disk.packages, 'openssh-server'])];
  disk.files[PASSWORD_FILE] = `root:${password}`;
  if (keys !== '') disk.files['/root/.ssh/authorized_keys'] = `${keys}\n`;
  return done('ready\n');
}

function setRootPassword(disk: Disk, { ROOT_PASSWORD: password = '' }: Values): Played {
  if (password === '') return failed(1, 'a password is needed');
  disk.files[PASSWORD_FILE] = `root:${password}`;
  return done('set\n');
}

export const SCRIPTS: ScriptTable = {
  'vps/set-up': { takesMs: 2_000, play: setUpServer },
  'vps/set-password': { takesMs: 300, play: setRootPassword },
  'wordpress/install-packages': {
    takesMs: 20_000,
    play(disk) {
      disk.packages = [...new Set([...disk.packages, 'nginx', 'php-fpm', 'mariadb-server', 'wordpress'])];
      return done('packages installed\n');
    },
  },
  'wordpress/configure': { takesMs: 1500, play: configure },
  'wordpress/set-url': {
    takesMs: 300,
    play: (disk, values) =>
      onSite(disk, (site) => {
        const url = values['SITE_URL'] ?? '';
        if (!/^https:\/\/[a-z0-9.-]+$/.test(url))
          return failed(1, 'the URL of a site is https:// and a name');
        site.url = url;
        site.names = (values['SITE_NAMES'] ?? '').split(' ').filter((name) => name !== '');
        return done();
      }),
  },
  'wordpress/set-email': {
    takesMs: 300,
    play: (disk, values) =>
      onSite(disk, (site) => {
        const { ADMIN_EMAIL: email = '' } = values;
        if (email === '') return failed(1, 'an address and a user are needed');
        if (email.length > 100) return failed(1, "ERROR 1406 (22001): Data too long for column 'user_email'");
        site.adminEmail = email;
        return done();
      }),
  },
  'wordpress/set-password': {
    takesMs: 300,
    play: (disk, values) =>
      onSite(disk, (site) => {
        const { ADMIN_USER: user = '', ADMIN_PASSWORD: password = '' } = values;
        if (user === '' || password === '') return failed(1, 'a password and a user are needed');
        if (user !== site.adminUser) return done('no such user\n');
        site.adminPassword = password;
        return done('set\n');
      }),
  },
  'wordpress/login-link': {
    takesMs: 300,
    play: (disk, values) =>
      onSite(disk, (site) => {
        const { LINK_ID: id = '', LINK_SHA256: sha256 = '', ADMIN_USER: user = '' } = values;
        if (!/^[0-9a-f]+$/.test(id) || !/^[0-9a-f]+$/.test(sha256))
          return failed(1, 'a link and its hash are hexadecimal');
        if (user !== site.adminUser) return done('no such user\n');
        site.loginLinks = { ...site.loginLinks, [id]: { sha256, until: Date.now() + 60_000, user } };
        return done('made\n');
      }),
  },
  'wordpress/clean': {
    takesMs: 300,
    play(disk) {
      delete disk.site;
      disk.machineId = '';
      return done();
    },
  },
};
