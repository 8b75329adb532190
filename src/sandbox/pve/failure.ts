/** The errors that Proxmox returns. Any other error is a defect of the simulated Proxmox. */

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

/** Throws the error that a plain `die` in Proxmox's Perl code causes: status 500 with a text. */
export function die(message: string): never {
  throw new PveError(500, message);
}

/** Throws the error that Proxmox's function `raise_param_exc` causes: status 400 with a text for each field. */
export function refuse(errors: Readonly<Record<string, string>>): never {
  throw new PveError(400, 'Parameter verification failed.', errors);
}

export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
