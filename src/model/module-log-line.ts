/** A line of a module's own log. */
import type { JsonObject } from '../kernel/json.js';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LoggedModule {
  readonly type: string;
  readonly name: string;
}

export interface ModuleLogLine {
  /** Increases with each line of the module. */
  readonly n: number;
  /** RFC 3339 */
  readonly at: string;
  readonly level: LogLevel;
  readonly message: string;
  /** The values that the module logged, redacted. */
  readonly fields: JsonObject;
  /** What the code worked on: `service_id`, `panel`, `job_id`, `step` and so on. */
  readonly about: Readonly<Record<string, string>>;
  /** Number of lines that were dropped before this line. Absent if there were none. */
  readonly dropped?: number;
}
