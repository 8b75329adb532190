/**
 * Creates a page that logs in the first administrator (ADMIN_USER). The page works once and expires after one minute.
 * The script prints `made`, or what is missing. Takes LINK_ID, which names the page, and LINK_SHA256, the hash of the
 * required token. The page is a file of the site that the site's user writes: it gives the holder of the token no
 * access that this user does not already have.
 */
import { databaseUp } from './database-up.js';

/**
 * The line before this text defines `$innkeeper`. The page deletes itself before it logs anyone in, so that only one
 * of two concurrent visits succeeds. A request with a wrong token does not invalidate the link.
 */
const page = String.raw`
header('Cache-Control: no-store');
header('Referrer-Policy: no-referrer');
if ($_SERVER['REQUEST_METHOD'] !== 'GET') {
  http_response_code(405);
  exit;
}
$innkeeper['sent'] = is_string($_GET['token'] ?? null) ? $_GET['token'] : '';
if (time() > $innkeeper['until']) {
  @unlink(__FILE__);
}
if (!hash_equals($innkeeper['sha256'], hash('sha256', $innkeeper['sent'])) || !@unlink(__FILE__)) {
  http_response_code(404);
  exit('This link has been used or has expired.');
}
// removes its compiled form, too
if (function_exists('opcache_invalidate')) {
  @opcache_invalidate(__FILE__, true);
}
unset($innkeeper['sent'], $_GET['token'], $_REQUEST['token']);
$_SERVER['QUERY_STRING'] = '';
$_SERVER['REQUEST_URI'] = '/wp-login.php';
require __DIR__ . '/wp-load.php';
$innkeeper['user'] = get_user_by('login', base64_decode($innkeeper['user']));
if (!$innkeeper['user'] || !user_can($innkeeper['user'], 'manage_options')) {
  http_response_code(404);
  exit('The administrator of this site no longer exists.');
}
wp_set_auth_cookie($innkeeper['user']->ID, false, true);
do_action('wp_login', $innkeeper['user']->user_login, $innkeeper['user']);
wp_safe_redirect(admin_url());
`;

export const loginLink = String.raw`
case $LINK_ID:$LINK_SHA256 in
  :* | *: | *[!0-9a-f:]*) echo 'a link and its hash are hexadecimal' >&2; exit 1 ;;
esac
${databaseUp}
found=$(sql "SELECT COUNT(*) FROM $prefix""users WHERE user_login = $(bytes "$ADMIN_USER")")
[ "$found" != 0 ] || { echo 'no such user'; exit 0; }
# Removes links that were never used.
as_site find /var/www/wordpress -maxdepth 1 -name 'innkeeper-login-*.php' -mmin +2 -delete
user=$(printf '%s' "$ADMIN_USER" | base64 -w 0)
{
  printf "<?php \$innkeeper = ['until' => %d, 'sha256' => '%s', 'user' => '%s'];" "$(($(date +%s) + 60))" "$LINK_SHA256" "$user"
  cat <<'PHP'
${page}PHP
} | as_site tee "/var/www/wordpress/innkeeper-login-$LINK_ID.php" >/dev/null
echo made
`;
