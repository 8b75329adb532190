/**
 * Scripts run as root in a container whose site may be hacked: nothing that the site's user can write is run,
 * included, read, followed or changed by root. Walks every script that the shipped product runs;
 * test/e2e/hostile-site.real.test.ts tries the attacks.
 */
import t from 'tap';
import { recipeScripts } from './recipe-scripts.js';

/** What the site's user can write, or fill. */
const SITE_PATHS =
  /\/var\/(?:www\/wordpress|lib\/wordpress|cache\/wordpress-php|lib\/php\/sessions|tmp)\b|\/tmp\b|\/dev\/shm/;
/**
 * What root does there all the same, each safe because it neither reads nor follows what is inside: the reason is the
 * value.
 */
const ALLOWED: Readonly<Record<string, string>> = {
  'rm -rf /var/www/wordpress.new': 'rm does not follow links, and /var/www is of root',
  'rm -rf /var/www/wordpress': 'the same',
  'mv /var/www/wordpress.new /var/www/wordpress': 'names in /var/www',
  'install -d -o www-data -g www-data /var/www/wordpress.new': 'makes it, in /var/www',
  'if [ ! -e /var/www/wordpress/wp-load.php ]; then': 'asks whether it is there',
  'install -d -o www-data -g www-data -m 0700 /var/cache/wordpress-php': 'makes it, in /var/cache',
  [String.raw`echo 'opcache.file_cache = /var/cache/wordpress-php' >>"/etc/php/$php/fpm/conf.d/90-wordpress.ini"`]:
    'a word in a file of root, for PHP that runs as the site',
  'rm -rf /tmp/* /tmp/.[!.]* /var/tmp/* /root/.bash_history /root/.mysql_history /root/.mariadb_history /root/.lesshst /root/.cache':
    'in a template, where no site ever was',
};
/** PHP as root reads no file of the site's: without settings at all, or only to name its own version. */
const ROOT_PHP = [
  /^hash=\$\(php -n -r 'echo password_hash\(getenv\("ADMIN_PASSWORD"\), PASSWORD_BCRYPT\);'\)$/,
  /^php=\$\(php -r 'echo PHP_MAJOR_VERSION, "\.", PHP_MINOR_VERSION;'\)$/,
];

/** The lines that root's shell runs: no comments, no here-documents, continued lines in one. */
function commands(body: string): string[] {
  const lines: string[] = [];
  let end: string | undefined;
  for (const line of body.replaceAll('\\\n', ' ').split('\n')) {
    if (end !== undefined) {
      if (line === end) end = undefined;
      continue;
    }
    end = /<<-?\s*['"]?([A-Z]+)['"]?/.exec(line)?.[1];
    const text = line.trim();
    if (text !== '' && !text.startsWith('#')) lines.push(text);
  }
  return lines;
}

/** Without what runs as the site's user: from `as_site` to the end of that command. */
const asRoot = (line: string): string => line.replace(/\bas_site [^|;&)]*/g, '');

t.test('root touches nothing that the site can write', async (t) => {
  const scripts = await recipeScripts();
  t.same(scripts.map(({ name }) => name).sort(), [
    'vps/set-password',
    'vps/set-up',
    'wordpress/clean',
    'wordpress/configure',
    'wordpress/install-packages',
    'wordpress/login-link',
    'wordpress/set-email',
    'wordpress/set-password',
    'wordpress/set-url',
  ]);
  for (const { name, body } of scripts)
    for (const line of commands(body)) {
      if (ALLOWED[line] === undefined) t.notMatch(asRoot(line), SITE_PATHS, `${name}: ${line}`);
      if (/\bphp\b(?! *=|\$|-fpm|["/])/.test(asRoot(line)) && /\bphp -/.test(asRoot(line)))
        t.ok(
          ROOT_PHP.some((known) => known.test(line)),
          `${name}: root runs PHP: ${line}`,
        );
      t.notMatch(
        asRoot(line),
        /(?:^|[;&|] *)(?:\.|source|eval|sudo|su|runuser|chown|chmod -R|cp -r)\b/i,
        `${name}: ${line}`,
      );
    }
});

t.test('rows of the site are asked for as a user that may do nothing else', async (t) => {
  for (const { name, body } of await recipeScripts()) {
    const asDatabaseRoot = commands(body).filter(
      (line) => /\bmariadb .*\bwordpress\b/.test(line) && !line.includes('--user=innkeeper'),
    );
    for (const line of asDatabaseRoot)
      t.match(
        line,
        /DROP DATABASE IF EXISTS wordpress|TRUNCATE TABLE wordpress|DROP USER/,
        `${name}: ${line}`,
      );
    for (const [, statements = ''] of body.matchAll(/mariadb <<'?SQL'?\n([\s\S]*?)\nSQL\n/g))
      for (const line of statements.split('\n'))
        t.match(line, /^(?:SET GLOBAL|CREATE|GRANT) /, `${name}: ${line}`);
    if (!body.includes('sql "')) continue;
    t.match(body, /WITH MAX_STATEMENT_TIME \d+;/, `${name} bounds its statements`);
    t.match(body, 'GRANT SELECT, UPDATE, DELETE ON wordpress.* TO', name);
  }
});

t.test('each script begins in a folder of root, and the site never holds its lock', async (t) => {
  for (const { name, body } of await recipeScripts()) {
    // a server has no site: everything in it belongs to its customer
    if (name.startsWith('vps/')) continue;
    t.match(body, /^\ncd \/\nexport PATH=\/usr\/local\/sbin:/, name);
    t.match(
      body,
      /^until \[ -S \/run\/systemd\/private \]; do\n(?:  .*\n)+done\n# .*\ninstall -d -m 0700 \/run\/innkeeper\n/m,
      `${name}: /run is the one that stays`,
    );
    t.match(
      body,
      '\ninstall -d -m 0700 /run/innkeeper\nexec 9>/run/innkeeper/recipe.lock\n',
      `${name}: in a folder that the site cannot enter, since who may read a file may lock it`,
    );
    t.match(
      body,
      /^as_site\(\) \{ setpriv --reuid=www-data --regid=www-data --init-groups --no-new-privs -- "\$@" 9>&-; \}$/m,
      name,
    );
    t.notMatch(
      body.replace(/^as_site\(\) .*$/m, ''),
      /setpriv/,
      `${name}: one way to become the site's user`,
    );
  }
});
