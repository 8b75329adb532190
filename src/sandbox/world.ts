/** A running sandbox world: everything around the daemon. Made by `startMemoryWorld` / `startLxcWorld`. */

export interface World {
  readonly backend: 'memory' | 'lxc';
  readonly stateDir: string;
  /** The daemon's config file the world wrote: `<stateDir>/innkeeper.yaml`. */
  readonly configFile: string;
  /** PEM of the sandbox's own CA (proxy certificate, PVE certificate). */
  readonly caFile: string;
  readonly proxy: { readonly httpsPort: number };
  readonly dns: { readonly host: string; readonly port: number };
  readonly pve: { readonly url: string };
  /** Control endpoint for faults: `http://127.0.0.1:<port>`. */
  readonly control: string;
  /** Stops everything the world started. */
  close(): Promise<void>;
}

/** A fault at the look-alike (or the embedded DNS / proxy control), matched in order. `POST <control>/faults`, `GET`, `DELETE`. */
export interface Fault {
  readonly target: 'pve' | 'dns' | 'proxy' | 'exec';
  /** e.g. `POST`; absent = any. */
  readonly method?: string;
  /** Regular expression on the path (without `/api2/json`), or on the script name for exec. */
  readonly path?: string;
  readonly kind:
    | { readonly status: number; readonly reason?: string; readonly errors?: Record<string, string> }
    /** Milliseconds before the normal answer. */
    | { readonly delayMs: number }
    /** Close the connection, before or after the effect. */
    | { readonly drop: 'before' | 'after' }
    /** Answer like a held config lock. */
    | { readonly lock: string }
    /** The task ends with this exit status instead of doing its work. */
    | { readonly taskError: string }
    /** Refuse connections altogether. */
    | { readonly down: true };
  /** How often it strikes; absent = until deleted. */
  readonly times?: number;
}
