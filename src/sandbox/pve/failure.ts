/** The errors that Proxmox returns, as opposed to defects of the look-alike. */

/** `message` has no final newline. Its first line is the HTTP reason phrase. */
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

/** Fails like an ordinary Perl `die`, with status 500 and a text. */
export function die(message: string): never {
  throw new PveError(500, message);
}

/** Fails like `raise_param_exc`, with status 400 and a text per field. */
export function refuse(errors: Readonly<Record<string, string>>): never {
  throw new PveError(400, 'Parameter verification failed.', errors);
}

export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
