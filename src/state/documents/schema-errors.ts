/** Describes where a document does not fit its schema, without its values. */

export function schemaErrorOf(
  errors: readonly { readonly instancePath: string; readonly message: string }[],
): string {
  const shown = errors.slice(0, 5).map(({ instancePath, message }) => `${instancePath || '/'} ${message}`);
  return shown.join('; ') || 'unknown';
}
