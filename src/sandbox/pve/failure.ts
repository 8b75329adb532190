/** The errors of the look-alike: the errors that Proxmox returns, as opposed to defects of the look-alike. */

/** `message` ends without a newline; its first line is the HTTP reason phrase. */
export class PveError extends Error {
  readonly status: number;
  readonly errors: Readonly<Record<string, string>> | undefined;

  constructor(status: number, message: string, errors?: Readonly<Record<string, string>>) {
    super(message);
    this.name = 'PveError';
    this.status = status;
    this.errors = errors;
  }
}

/** An ordinary Perl `die`: 500 with text. */
export function die(message: string): never {
  throw new PveError(500, message);
}

/** `raise_param_exc`: 400 with a text per field. */
export function refuse(errors: Readonly<Record<string, string>>): never {
  throw new PveError(400, 'Parameter verification failed.', errors);
}

export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
