/**
 * Normalizes paths that panels write in several ways, such as `/actions/start` for `/action/start`. If the base
 * address in a panel ends with a slash, its paths contain repeated slashes.
 */
export function resolveUrlAlias(url: string): string {
  const [path, query] = split(url);
  const one = path.replace(/\/{2,}/g, '/').replace(/^\/actions(?=\/|$)/, '/action');
  return query === undefined ? one : `${one}?${query}`;
}

function split(url: string): [string, string | undefined] {
  const at = url.indexOf('?');
  return at < 0 ? [url, undefined] : [url.slice(0, at), url.slice(at + 1)];
}
