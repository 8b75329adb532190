/**
 * A running sandbox environment: everything around the daemon. Created by `startMemoryEnvironment` or
 * `startLxcEnvironment`.
 */

export interface Environment {
  readonly backend: 'memory' | 'lxc';
  readonly stateDir: string;
  /** The daemon's config file, written by the environment: `<stateDir>/innkeeper.yaml`. */
  readonly configFile: string;
  /** PEM of the sandbox's own CA (proxy certificate, PVE certificate). */
  readonly caFile: string;
  readonly proxy: { readonly httpsPort: number };
  readonly dns: { readonly host: string; readonly port: number };
  readonly pve: { readonly url: string };
  /** Control endpoint for faults: `http://127.0.0.1:<port>`. */
  readonly control: string;
  /** Stops everything that the environment started. */
  close(): Promise<void>;
}

/** The options of every environment. */
export interface EnvironmentOptions {
  /** Absolute path of an existing folder. */
  readonly stateDir: string;
  /** The port that the daemon will listen on. */
  readonly apiPort: number;
  readonly log: (line: string) => void;
}

/**
 * A fault at the look-alike or another server of the environment. Faults are matched in order. `POST
 * <control>/faults`, `GET`, `DELETE`. `dns` is the DNS server's API, `lookup` the name server that answers queries,
 * `proxy` the proxy's commands, `web` the responses that visitors get through the proxy.
 */
export interface Fault {
  readonly target: 'pve' | 'dns' | 'proxy' | 'exec' | 'web' | 'lookup';
  /** E.g. `POST`; for a DNS query its type (`A`); absent = any. */
  readonly method?: string;
  /**
   * Regular expression, matched against the path (without `/api2/json`); for exec against the script's name, for a
   * DNS query against the name.
   */
  readonly path?: string;
  readonly kind:
    /** `after: true`: the effect happens first (596: the request was delivered, its outcome is unknown). */
    | {
        readonly status: number;
        readonly reason?: string;
        readonly errors?: Record<string, string>;
        readonly after?: true;
        /**
         * Sends an HTML page with the reason as its title, as a gateway or a login page would. Only `pve` and `dns`.
         */
        readonly page?: true;
      }
    /** Refuses the agent's token, key or command for every request. */
    | { readonly denied: true }
    /** Milliseconds to wait before any other effect. */
    | { readonly delayMs: number }
    /** Closes the connection, before or after the effect. */
    | { readonly drop: 'before' | 'after' }
    /**
     * `config`: another process holds the lock of the config file; `storage`: the storage lock is held; else: the
     * config contains this lock.
     */
    | { readonly lock: string }
    /** The task ends with this exit status instead of doing its work (`after: true`: after doing it). */
    | { readonly taskError: string; readonly after?: true }
    /** The task takes longer by this time. */
    | { readonly taskMs: number }
    /** Refuses all connections (with a path: resets the connections of matching requests). */
    | { readonly down: true }
    /** Reports success and does nothing. */
    | { readonly lie: true }
    /**
     * A resize ends with OK and changes only the configuration. The file system keeps its size, and the task's log
     * says so.
     */
    | { readonly noEffect: true }
    /**
     * The container in the path has this lock from then on, as a killed task would leave it. Only `DELETE
     * <control>/locks/<vmid>` removes it.
     */
    | { readonly leftLock: string }
    /**
     * The next start of the container in the path checks its file system for this time. Meanwhile the node does not
     * answer requests about the container.
     */
    | { readonly mountCheckMs: number }
    /**
     * The cluster's list comes from a worker that has not read the last change yet: it lacks the name and state of
     * newer guests.
     */
    | { readonly outdated: true }
    /** The body ends early, half way through. */
    | { readonly cut: true }
    /** The body arrives one byte at a time, with this many milliseconds between two bytes. */
    | { readonly dripMs: number };
  /** After the first request that it affects, it affects every request of its target until it is deleted. */
  readonly onward?: true;
  /** How many requests it affects; absent = all until it is deleted. */
  readonly times?: number;
}
