/**
 * Reads the variables that systemd passes to a service, and removes them from the environment, because child processes
 * must not use them.
 */

/** Sockets on which systemd already listens. Maps the name of a socket in the systemd unit to its file descriptor. */
export interface HandedSockets {
  /** The REST API. */
  readonly api?: number;
  /** The command line's unix socket. */
  readonly cli?: number;
}

export interface ServiceEnvironment {
  /** The socket for status notifications; undefined if the service manager expects none. */
  readonly notifySocket: string | undefined;
  /** Milliseconds without a notification after which systemd kills the service. */
  readonly watchdogMs: number | undefined;
  readonly sockets: HandedSockets;
}

const FIRST_FD = 3;
const VARIABLES = [
  'NOTIFY_SOCKET',
  'WATCHDOG_USEC',
  'WATCHDOG_PID',
  'LISTEN_FDS',
  'LISTEN_PID',
  'LISTEN_FDNAMES',
];

/** Throws an Error with one sentence if systemd passes unknown sockets. */
export function takeServiceEnvironment(env: NodeJS.ProcessEnv, pid: number): ServiceEnvironment {
  const found = new Map(VARIABLES.map((name) => [name, env[name]]));
  for (const name of VARIABLES) Reflect.deleteProperty(env, name);
  const isForUs = (name: string): boolean => (found.get(name) ?? String(pid)) === String(pid);
  const interval = Number(found.get('WATCHDOG_USEC') ?? 0);
  return {
    notifySocket: found.get('NOTIFY_SOCKET'),
    watchdogMs: isForUs('WATCHDOG_PID') && interval > 0 ? interval / 1000 : undefined,
    sockets:
      found.get('LISTEN_PID') === String(pid)
        ? socketsOf(Number(found.get('LISTEN_FDS') ?? 0), (found.get('LISTEN_FDNAMES') ?? '').split(':'))
        : {},
  };
}

function socketsOf(count: number, names: readonly string[]): HandedSockets {
  const sockets: { api?: number; cli?: number } = {};
  for (let index = 0; index < count; index++) {
    const name = names[index] ?? '';
    if (name !== 'api' && name !== 'cli')
      throw new Error(
        `systemd passed a socket named ${JSON.stringify(name)}; FileDescriptorName= must be api or cli.`,
      );
    if (sockets[name] !== undefined)
      throw new Error(
        `systemd passed two sockets named ${name}, but one is expected; ` +
          '[::]:8080 with BindIPv6Only=both serves IPv4 too.',
      );
    sockets[name] = FIRST_FD + index;
  }
  return sockets;
}
