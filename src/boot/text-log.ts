/** The log for a person at a terminal: time, level as a word, sentence, then the fields of the line. */
import prettyPrint from 'pino-pretty';

/** Turns one line of pino's JSON into text. What is no JSON stays as it is. */
export function textLines(colors: boolean): (line: string) => string {
  return prettyPrint.prettyFactory({
    colorize: colors,
    translateTime: 'SYS:yyyy-mm-dd HH:MM:ss',
    ignore: 'pid,hostname',
    singleLine: true,
  }) as (line: string) => string;
}
