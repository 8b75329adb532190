/**
 * A running sandbox environment. It contains all remote systems that the daemon uses. It is created by
 * `startMemoryEnvironment` or `startLxcEnvironment`.
 */

export interface Environment {
  readonly backend: 'memory' | 'lxc';
  readonly stateDir: string;
  /** The daemon's configuration file `<stateDir>/innkeeper.yaml`, which the environment writes. */
  readonly configFile: string;
  /** The PEM file of the sandbox's CA, which signs the certificates of the proxy and of PVE. */
  readonly caFile: string;
  readonly proxy: { readonly httpsPort: number };
  readonly dns: { readonly host: string; readonly port: number };
  readonly pve: { readonly url: string };
  /** The control endpoint for faults, in the form `http://127.0.0.1:<port>`. */
  readonly control: string;
  /** Stops everything that the environment started. */
  close(): Promise<void>;
}

/** The options of every environment. */
export interface EnvironmentOptions {
  /** The absolute path of an existing folder. */
  readonly stateDir: string;
  /** The port that the daemon will listen on. */
  readonly apiPort: number;
  readonly log: (line: string) => void;
}

/**
 * A fault at the simulated Proxmox or at another server of the environment. Faults are matched in order. They are
 * managed with `POST`, `GET` and `DELETE` at `<control>/faults`. `dns` is the API of the DNS server, `lookup` the name
 * server that answers queries, `proxy` the proxy's commands, `web` the responses that visitors get through the proxy.
 */
export interface Fault {
  readonly target: 'pve' | 'dns' | 'proxy' | 'exec' | 'web' | 'lookup';
  /**
   * The method, such as `POST`. For a DNS query, the record type, such as `A`. If it is absent, any method matches.
   */
  readonly method?: string;
  /**
   * A regular expression that is matched against the path (without `/api2/json`). For `exec`, it is matched against
   * the name of the script; for a DNS query, against the queried name.
   */
  readonly path?: string;
  readonly kind:
    /**
     * Sends this error status. With `after: true`, the request takes effect before the error is sent. (Status 596
     * means that the request was delivered, but that its outcome is unknown.)
     */
    | {
        readonly status: number;
        readonly reason?: string;
        readonly errors?: Record<string, string>;
        readonly after?: true;
        /**
         * Sends an HTML page with the reason as its title instead of a response, as a gateway or a login page does.
         * This works only for `pve` and `dns`.
         */
        readonly page?: true;
      }
    /** Rejects every request, as if the agent's token, key or command were no longer accepted. */
    | { readonly denied: true }
    /** The number of milliseconds to wait before the request is handled. */
    | { readonly delayMs: number }
    /** Closes the connection before or after the request takes effect. */
    | { readonly drop: 'before' | 'after' }
    /**
     * `config`: another process holds the lock of the config file. `storage`: the lock of the storage is held. Any
     * other value: the config contains this lock.
     */
    | { readonly lock: string }
    /** The task ends with this exit status instead of doing its work. With `after: true`, it does its work first. */
    | { readonly taskError: string; readonly after?: true }
    /** The task takes this number of milliseconds longer. */
    | { readonly taskMs: number }
    /**
     * Refuses all connections. If a path is given, accepts connections, but resets them when a request matches the
     * path.
     */
    | { readonly down: true }
    /** Reports success, but does nothing. */
    | { readonly lie: true }
    /**
     * A resize ends with OK, but changes only the configuration. The file system keeps its size, and the log of the
     * task contains a message about this.
     */
    | { readonly noEffect: true }
    /**
     * From then on, the container in the path has this lock, as if a killed task had left it. Only `DELETE
     * <control>/locks/<vmid>` removes the lock.
     */
    | { readonly leftLock: string }
    /**
     * The next start of the container in the path checks its file system for this number of milliseconds. During this
     * time, the node does not respond to requests about the container.
     */
    | { readonly mountCheckMs: number }
    /**
     * The list of the cluster does not contain the name and the state of new guests, as if a worker had sent it that
     * has not read the last change yet.
     */
    | { readonly outdated: true }
    /** Only the first half of the body is sent. */
    | { readonly cut: true }
    /** The body arrives one byte at a time, with this number of milliseconds between two bytes. */
    | { readonly dripMs: number };
  /** Once the fault has affected one request, it affects every request to its target until the fault is deleted. */
  readonly onward?: true;
  /**
   * The number of requests that the fault affects. If it is absent, the fault affects all requests until it is
   * deleted.
   */
  readonly times?: number;
}
