/**
 * The format of the log for a terminal: the time, the level as a word, the message, and then the fields of the line.
 */
import prettyPrint from 'pino-pretty';

/** Formats one line of pino's JSON as text. Other lines stay unchanged. */
export function textLines(colors: boolean): (line: string) => string {
  return prettyPrint.prettyFactory({
    colorize: colors,
    translateTime: 'SYS:yyyy-mm-dd HH:MM:ss',
    ignore: 'pid,hostname',
    singleLine: true,
  }) as (line: string) => string;
}
