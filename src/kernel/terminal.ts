/** What may be written to a stream besides plain text. */

export interface Terminal {
  /** Of a terminal, as Node sets it. */
  readonly isTTY?: boolean | undefined;
}

/** Colours are for a terminal only, and for none with NO_COLOR (https://no-color.org). */
export function showsColours({ isTTY }: Terminal, env: NodeJS.ProcessEnv = process.env): boolean {
  return isTTY === true && (env['NO_COLOR'] ?? '') === '';
}
