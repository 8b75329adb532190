/** A running sandbox world: everything around the daemon. Made by `startMemoryWorld` / `startLxcWorld`. */

export interface Environment {
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

/** What every world is started with. */
export interface EnvironmentOptions {
  /** Absolute; exists. */
  readonly stateDir: string;
  /** The port that the daemon is to listen on. */
  readonly apiPort: number;
  readonly log: (line: string) => void;
}

/**
 * A fault at the look-alike (or beside it), matched in order. `POST <control>/faults`, `GET`, `DELETE`. `dns` is the
 * DNS server's API, `lookup` the name server that answers questions, `proxy` the proxy's commands, `web` what
 * visitors get through it.
 */
export interface Fault {
  readonly target: 'pve' | 'dns' | 'proxy' | 'exec' | 'web' | 'lookup';
  /** e.g. `POST`; the type for a look-up (`A`); absent = any. */
  readonly method?: string;
  /** Regular expression on the path (without `/api2/json`), on the script name for exec, on the name for a look-up. */
  readonly path?: string;
  readonly kind:
    /** `after: true`: the effect happens first (596: delivered, outcome unknown). */
    | {
        readonly status: number;
        readonly reason?: string;
        readonly errors?: Record<string, string>;
        readonly after?: true;
        /** An HTML page with the reason as its title, as a gateway or a log-in gives it. Only `pve` and `dns`. */
        readonly page?: true;
      }
    /** Lets the agent do nothing: its token, key or command is refused, whatever it asks for. */
    | { readonly denied: true }
    /** Milliseconds before whatever else happens. */
    | { readonly delayMs: number }
    /** Close the connection, before or after the effect. */
    | { readonly drop: 'before' | 'after' }
    /**
     * `config`: like a config file lock held by another process; `storage`: like a held storage lock; else: the
     * config carries this lock.
     */
    | { readonly lock: string }
    /** The task ends with this exit status instead of doing its work (`after: true`: after doing it). */
    | { readonly taskError: string; readonly after?: true }
    /** The task takes this much longer. */
    | { readonly taskMs: number }
    /** Refuse connections altogether (with a path: reset the connection of such requests). */
    | { readonly down: true }
    /** Answer as if it had been done; do nothing. */
    | { readonly lie: true }
    /** A resize ends OK and changes the configuration alone; the file system stays as it is, and the log says so. */
    | { readonly noEffect: true }
    /**
     * The container of the path carries this lock from then on, as a task leaves it that is killed: only `DELETE
     * <control>/locks/<vmid>` takes it away.
     */
    | { readonly leftLock: string }
    /**
     * The next start of the container of the path checks its file system for so long, and the node answers nothing
     * about it meanwhile.
     */
    | { readonly mountCheckMs: number }
    /**
     * The cluster's list comes from a worker that has not read the last change yet: newer guests have no name and
     * state there.
     */
    | { readonly outdated: true }
    /** The body breaks off half way. */
    | { readonly cut: true }
    /** The body arrives one byte each so many milliseconds. */
    | { readonly dripMs: number };
  /** From its first strike on it strikes every request of its target, until deleted. */
  readonly onward?: true;
  /** How often it strikes; absent = until deleted. */
  readonly times?: number;
}
