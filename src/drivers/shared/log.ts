/**
 * The logger interface of drivers. It matches pino's interface, so that a child logger of pino can be passed
 * directly.
 */
export interface DriverLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
