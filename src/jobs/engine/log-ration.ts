/** Shortens and limits the log lines of a module, so that a module that logs in a loop does not slow down the agent. */
import type { JsonObject } from '../../kernel/json.js';
import { plainJson } from '../../kernel/plain-json.js';
import { CALL_BOUNDS } from '../../modules/kit/call-bounds.js';
import type { ToMain } from './protocol.js';

export type LogLine = Extract<ToMain, { kind: 'log' }>;

export interface LogRation {
  line(line: Omit<LogLine, 'kind'>): void;
  /** Logs how many lines were dropped since the last such report. Must be called at the end. */
  flush(): void;
}

/** `now`: monotonic milliseconds. */
export function logRation(say: (line: LogLine) => void, now: () => number): LogRation {
  const most = CALL_BOUNDS.logLinesPerS;
  let left: number = most;
  let at = now();
  let leftOut = 0;
  let step = '';
  const flush = (): void => {
    const dropped = leftOut;
    if (leftOut === 0) return;
    const message = `dropped ${leftOut} log lines of the module: the limit is ${most} lines per second`;
    leftOut = 0;
    say({ kind: 'log', level: 'warn', step, message, fields: {}, dropped });
  };
  return {
    line(line) {
      const time = now();
      left = Math.min(most, left + ((time - at) / 1000) * most);
      at = time;
      step = line.step;
      if (left < 1) {
        leftOut += 1;
        return;
      }
      left -= 1;
      flush();
      say(boundedLine({ kind: 'log', ...line }));
    },
    flush,
  };
}

/** The line, shortened to the maximum size. Fields that cannot be logged are replaced by the reason. */
export function boundedLine(line: LogLine): LogLine {
  return { ...line, message: textOf(line.message), fields: fieldsOf(line.fields) };
}

function textOf(message: unknown): string {
  const text = typeof message === 'string' ? message : `(not a string, but a ${typeof message})`;
  return text.length <= CALL_BOUNDS.logLine ? text : `${text.slice(0, CALL_BOUNDS.logLine - 4)} ...`;
}

function fieldsOf(fields: unknown): JsonObject {
  try {
    const plain = plainJson(fields, 'fields', { bytes: CALL_BOUNDS.logLine });
    if (typeof plain === 'object' && plain !== null && !Array.isArray(plain)) return plain;
    return { fields_left_out: 'fields is not an object' };
  } catch (error) {
    return { fields_left_out: error instanceof Error ? error.message : String(error) };
  }
}
