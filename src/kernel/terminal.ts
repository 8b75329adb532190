/** Decides whether colours may be written to a stream. */

export interface Terminal {
  /** True if the stream is a terminal; set by Node. */
  readonly isTTY?: boolean | undefined;
}

/** Whether colours may be used: only on a terminal, and only if NO_COLOR is not set (https://no-color.org). */
export function showsColours({ isTTY }: Terminal, env: NodeJS.ProcessEnv = process.env): boolean {
  return isTTY === true && (env['NO_COLOR'] ?? '') === '';
}
