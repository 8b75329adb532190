/** One value of a response as text for a terminal. */

/** An unknown value is a hyphen. Control characters (in a hostile name, for example) never reach the terminal. */
export function formatCell(value: unknown): string {
  if (value === null || value === undefined || value === '') return '-';
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(formatCell).join(',');
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.replace(/[\p{C}]/gu, '?');
}
