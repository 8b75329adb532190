/**
 * Installs the site with WordPress's own installer, in one PHP process that runs as the web server's user. Every value
 * comes from the environment, so nothing has to be quoted. A second run sets an installed site to the same values and
 * keeps its content.
 */
export const installSitePhp = String.raw`<?php
error_reporting(E_ALL & ~E_DEPRECATED & ~E_NOTICE);
ini_set('display_errors', 'stderr');
mb_internal_encoding('UTF-8');
chdir('/var/www/wordpress');

// There is no STDERR constant in a script that PHP reads from its standard input.
function fail(string $why): never { file_put_contents('php://stderr', "$why\n"); exit(1); }
function value(string $name): string {
  $value = getenv($name);
  return $value === false ? fail("the value $name is missing") : $value;
}
foreach (['SITE_FQDN', 'SITE_URL', 'SITE_TITLE', 'SITE_LOCALE', 'SITE_PORT', 'ADMIN_USER', 'ADMIN_EMAIL', 'ADMIN_PASSWORD', 'DB_PASSWORD'] as $name) {
  $site[$name] = value($name);
}
// The best match first, the operator's default last: a missing language never fails the site.
function language(string $locale): array {
  return glob("/usr/share/wordpress/wp-content/languages/{,*-}{$locale}{.mo,.po,-*.json}", GLOB_BRACE) ?: [];
}
$locales = explode(' ', $site['SITE_LOCALE']);
foreach ($locales as $site['SITE_LOCALE']) {
  if ($site['SITE_LOCALE'] === 'en_US' || language($site['SITE_LOCALE'])) {
    break;
  }
}
if ($site['SITE_LOCALE'] !== 'en_US') {
  $files = language($site['SITE_LOCALE']) ?: fail("WordPress has no files for the language {$site['SITE_LOCALE']}");
  foreach ($files as $file) {
    copy($file, 'wp-content/languages/' . basename($file)) || fail('the language cannot be added');
  }
}

$constants = ['DB_NAME' => 'wordpress', 'DB_USER' => 'wordpress', 'DB_PASSWORD' => $site['DB_PASSWORD'], 'DB_HOST' => 'localhost', 'DB_CHARSET' => 'utf8mb4', 'DB_COLLATE' => ''];
foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as $use) {
  $constants["{$use}_KEY"] = base64_encode(random_bytes(48));
  $constants["{$use}_SALT"] = base64_encode(random_bytes(48));
}
$config = "<?php\n";
foreach ($constants + ['FS_METHOD' => 'direct', 'WP_DEBUG' => false] as $name => $value) {
  $config .= "define('$name', " . var_export($value, true) . ");\n";
}
// Only listed names are accepted: the host name of a request appears in the site's e-mails.
$config .= <<<'CONFIG'
$innkeeper_name = strtolower(preg_replace('/:[0-9]+$/', '', $_SERVER['HTTP_HOST'] ?? ''));
if (PHP_SAPI !== 'cli' && in_array($innkeeper_name, @file('/var/www/innkeeper-names', FILE_IGNORE_NEW_LINES) ?: [], true)) {
  define('WP_HOME', 'https://' . $_SERVER['HTTP_HOST']);
  define('WP_SITEURL', 'https://' . $_SERVER['HTTP_HOST']);
}

CONFIG;
$config .= "\$table_prefix = 'wp_';\nif (!defined('ABSPATH')) {\n  define('ABSPATH', __DIR__ . '/');\n}\nrequire_once ABSPATH . 'wp-settings.php';\n";
umask(0027);
if (file_put_contents('wp-config.php.new', $config) === false || !rename('wp-config.php.new', 'wp-config.php')) {
  fail('wp-config.php cannot be written');
}
umask(0022);

$_SERVER = ['HTTP_HOST' => $site['SITE_FQDN'], 'SERVER_NAME' => $site['SITE_FQDN'], 'HTTPS' => 'on', 'REQUEST_URI' => '/', 'REQUEST_METHOD' => 'GET',
  'SERVER_PROTOCOL' => 'HTTP/1.1', 'REMOTE_ADDR' => '127.0.0.1', 'PHP_SELF' => '/index.php', 'SCRIPT_NAME' => '/index.php'] + $_SERVER;
define('WP_INSTALLING', true);
define('WP_SITEURL', $site['SITE_URL']);
$database = new mysqli('localhost', 'wordpress', $site['DB_PASSWORD'], 'wordpress');
$tables = $database->query("SHOW TABLES LIKE 'wp_options'")->num_rows > 0;
$installed = $tables && $database->query("SELECT 1 FROM wp_options WHERE option_name = 'siteurl'")->num_rows > 0;
$database->close();
if ($tables && !$installed) {
  // A clone of the template has all tables, but they are empty: WordPress would stop and offer a repair.
  define('WP_REPAIRING', true);
}
// Replaces the installer's e-mail to the administrator: there is no mailer here, and the panel sends its own.
function wp_new_blog_notification() {}
require 'wp-load.php';
require 'wp-admin/includes/upgrade.php';
// The installer would send requests to the site and to wordpress.org, and wait for both.
add_filter('pre_http_request', fn () => new WP_Error('innkeeper', 'no network while the site is being installed'));
add_filter('pre_option_permalink_structure', $during = fn () => '/%postname%/');

// WordPress adds slashes to passwords before hashing them, also at login.
$password = wp_slash($site['ADMIN_PASSWORD']);
if (!$installed) {
  load_default_textdomain($site['SITE_LOCALE']);
  $GLOBALS['wp_locale'] = new WP_Locale();
  wp_install($site['SITE_TITLE'], $site['ADMIN_USER'], $site['ADMIN_EMAIL'], true, '', $password, $site['SITE_LOCALE'] === 'en_US' ? '' : $site['SITE_LOCALE']);
} else {
  $user = get_user_by('login', $site['ADMIN_USER']);
  if (!$user) {
    fail('another site is installed here');
  }
  wp_set_password($password, $user->ID);
  add_filter('send_email_change_email', '__return_false');
  add_filter('send_site_admin_email_change_email', '__return_false');
  wp_update_user(['ID' => $user->ID, 'user_email' => wp_slash($site['ADMIN_EMAIL'])]);
  update_option('admin_email', $site['ADMIN_EMAIL']);
}
$user = get_user_by('login', $site['ADMIN_USER']);
if (!$user || !user_can($user, 'manage_options')) {
  fail('WordPress did not create the administrator');
}
update_option('blogname', $site['SITE_TITLE']);
update_option('siteurl', $site['SITE_URL']);
update_option('home', $site['SITE_URL']);
remove_filter('pre_option_permalink_structure', $during);
$GLOBALS['wp_rewrite']->set_permalink_structure('/%postname%/');
flush_rewrite_rules(false);
if (!wp_get_theme()->exists()) {
  $themes = wp_get_themes();
  $themes ? switch_theme(array_key_last($themes)) : fail('there is no theme');
}

// WordPress changes values without an error: the stored values are read back from the database.
function option(string $name): string {
  global $wpdb;
  return (string) $wpdb->get_var($wpdb->prepare("SELECT option_value FROM $wpdb->options WHERE option_name = %s", $name));
}
function kept(string $what, string $kept, string $ordered): void {
  $kept === $ordered || fail("WordPress keeps the $what \"$kept\", not \"$ordered\"");
}
$row = $wpdb->get_row($wpdb->prepare("SELECT user_login, user_email FROM $wpdb->users WHERE ID = %d", $user->ID));
kept('user name', $row->user_login, $site['ADMIN_USER']);
kept('e-mail address', $row->user_email, $site['ADMIN_EMAIL']);
kept('e-mail address', option('admin_email'), $site['ADMIN_EMAIL']);
// As WordPress stores a title: an entity is not encoded twice.
kept('title', option('blogname'), esc_html($site['SITE_TITLE']));
kept('URL', option('siteurl'), $site['SITE_URL']);
kept('URL', option('home'), $site['SITE_URL']);
kept('language', option('WPLANG') ?: 'en_US', $site['SITE_LOCALE']);

// WordPress does not keep transients during the installation.
wp_installing(false);
// Checked at night by WordPress's own schedule, and not while a customer waits for the first page of wp-admin.
set_site_transient('update_core', (object) ['last_checked' => time(), 'version_checked' => $GLOBALS['wp_version'], 'updates' => []]);
set_site_transient('update_plugins', (object) ['last_checked' => time(), 'checked' => [], 'response' => []]);
set_site_transient('update_themes', (object) ['last_checked' => time(), 'checked' => [], 'response' => []]);
set_site_transient('php_check_' . md5(PHP_VERSION), ['recommended_version' => PHP_VERSION, 'minimum_version' => PHP_VERSION, 'is_supported' => true, 'is_secure' => true, 'is_acceptable' => true], WEEK_IN_SECONDS);

// Through the container's own web server: a site without a theme answers 200 and an empty page.
function words(string $text): string {
  return preg_replace('/[^\p{L}\p{N}]+/u', '', mb_strtolower(html_entity_decode($text, ENT_QUOTES | ENT_HTML5)));
}
$http = stream_context_create(['http' => ['header' => ["Host: {$site['SITE_FQDN']}", 'X-Forwarded-Proto: https'], 'timeout' => 20, 'follow_location' => 0, 'ignore_errors' => true]]);
$name = get_bloginfo('name', 'display');
$expected = words($name);
// PHP treats the title "0" as empty, and WordPress shows none.
$isShown = $name === '0' ? fn ($title) => true : fn ($title) => $title !== '' && str_contains(words($title), $expected);
$found = 'no answer';
for ($try = 0; $try < 100; $try++) {
  $page = @file_get_contents("http://127.0.0.1:{$site['SITE_PORT']}/", false, $http);
  if ($page !== false) {
    $title = preg_match('~<title>([^<]*)</title>~', $page, $match) ? $match[1] : '';
    $found = "{$http_response_header[0]}, title " . json_encode($title, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES);
    if (str_contains($http_response_header[0], ' 200 ') && $isShown($title)) {
      exit(0);
    }
  }
  usleep(100000);
}
fail("the site does not show its title in the container: $found");
`;
