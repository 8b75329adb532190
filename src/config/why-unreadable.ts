/** The reason why a file cannot be read, in words for messages about the configuration. */

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'no read permission',
  EPERM: 'no read permission',
  EISDIR: 'a folder',
  ENOTDIR: 'a path that leads through something that is not a folder',
  ELOOP: 'a loop of symbolic links',
};

/** For example `no such file (ENOENT)` */
export function whyUnreadable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error';
  const words = WORDS[code];
  return words === undefined ? code : `${words} (${code})`;
}
