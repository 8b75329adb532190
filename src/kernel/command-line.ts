import { DEFAULT_PANEL } from './default-panel.js';
/**
 * Builds `innkeeper ...` commands that a person can copy into a shell. Words are quoted where the shell requires it.
 */

/** One word of a command line, quoted if necessary. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9@%_+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * Builds for example `innkeeper job show <id>`. The option for the panel is added unless the panel is the default of
 * the command line.
 */
export function innkeeper(words: readonly string[], panel: string | null = null): string {
  const of = panel === null || panel === DEFAULT_PANEL ? [] : ['--panel', panel];
  return ['innkeeper', ...words, ...of].map(shellWord).join(' ');
}
