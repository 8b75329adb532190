/** Panels of different age say `/action/start` and `/actions/start`: both are the same call. */
export function withOneForm(url: string): string {
  return url.replace(/^\/actions(?=[/?]|$)/, '/action');
}
