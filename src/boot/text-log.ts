/** The format of a log line at a terminal: the time, the level as a word, the message, and then all other fields. */
import prettyPrint from 'pino-pretty';

/** Formats one line of pino's JSON as text. Lines that are not JSON stay unchanged. */
export function textLines(colors: boolean): (line: string) => string {
  return prettyPrint.prettyFactory({
    colorize: colors,
    translateTime: 'SYS:yyyy-mm-dd HH:MM:ss',
    ignore: 'pid,hostname',
    singleLine: true,
  }) as (line: string) => string;
}
