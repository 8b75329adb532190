import { DEFAULT_PANEL } from './default-panel.js';
/**
 * Commands that a person copies into a shell: `innkeeper ...` with its words quoted where a shell would take them
 * apart.
 */

/** A word of a command line. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9@%_+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** `innkeeper job show <id>`, with the panel where it is not the one that the command line assumes. */
export function innkeeper(words: readonly string[], panel: string | null = null): string {
  const of = panel === null || panel === DEFAULT_PANEL ? [] : ['--panel', panel];
  return ['innkeeper', ...words, ...of].map(shellWord).join(' ');
}
