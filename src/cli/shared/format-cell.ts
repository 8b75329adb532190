/** One value of an answer as text for a terminal. */

/** Nothing known is a hyphen; control characters (a hostile name, say) never reach the terminal. */
export function formatCell(value: unknown): string {
  if (value === null || value === undefined || value === '') return '-';
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(formatCell).join(',');
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.replace(/[\p{C}]/gu, '?');
}
