/** Versions of modules. */

export const VERSION_PATTERN = '^\\d+\\.\\d+\\.\\d+([-+][0-9A-Za-z.+-]+)?$';

/**
 * Negative if `a` is earlier than `b`, 0 if they are equal. A version with a suffix after a hyphen is earlier than the
 * same version without one. Suffixes are compared as texts.
 */
export function compareVersions(a: string, b: string): number {
  const [first, second] = [partsOf(a), partsOf(b)];
  for (const index of [0, 1, 2]) {
    const difference = (first.numbers[index] ?? 0) - (second.numbers[index] ?? 0);
    if (difference !== 0) return difference;
  }
  if (first.suffix === second.suffix) return 0;
  if (first.suffix === '' || second.suffix === '') return first.suffix === '' ? 1 : -1;
  return first.suffix < second.suffix ? -1 : 1;
}

function partsOf(version: string): { readonly numbers: readonly number[]; readonly suffix: string } {
  const [plain = ''] = version.split('+');
  const [numbers = '', ...suffix] = plain.split('-');
  return { numbers: numbers.split('.').map(Number), suffix: suffix.join('-') };
}
