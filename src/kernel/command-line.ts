import { DEFAULT_PANEL } from './default-panel.js';
/**
 * Commands that a person copies into a shell: `innkeeper ...` with its words quoted where the shell needs it.
 */

/** One word of a command line, quoted if necessary. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9@%_+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** `innkeeper job show <id>`, with the panel if it is not the command line's default. */
export function innkeeper(words: readonly string[], panel: string | null = null): string {
  const of = panel === null || panel === DEFAULT_PANEL ? [] : ['--panel', panel];
  return ['innkeeper', ...words, ...of].map(shellWord).join(' ');
}
