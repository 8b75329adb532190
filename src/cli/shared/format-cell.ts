/** Formats one value of a response as text for a terminal. */

/** Returns a hyphen for an unknown value. Removes control characters, which an attacker could hide in a name. */
export function formatCell(value: unknown): string {
  if (value === null || value === undefined || value === '') return '-';
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(formatCell).join(',');
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.replace(/[\p{C}]/gu, '?');
}
