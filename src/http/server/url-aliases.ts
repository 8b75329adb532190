/**
 * Normalizes paths that panels write in several ways, such as `/actions/start` instead of `/action/start`. Repeated
 * slashes are removed, because a panel sends them if its configured base address ends with a slash.
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
