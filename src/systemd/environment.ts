/** What systemd tells a service in its environment, taken out of it: no child may think that it is meant. */

/** Sockets that systemd listens on and hands over, by what the unit calls them: file descriptors. */
export interface HandedSockets {
  /** The REST API. */
  readonly api?: number;
  /** The command line's unix socket. */
  readonly cli?: number;
}

export interface ServiceEnvironment {
  /** Where the service manager is told how we are; undefined: nobody wants to know. */
  readonly notifySocket: string | undefined;
  /** Without a sign of life for so long we are killed. */
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

/** Throws an Error with one sentence when sockets are handed over that we do not know. */
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
        `systemd hands over a socket named ${JSON.stringify(name)}; FileDescriptorName= must be api or cli.`,
      );
    if (sockets[name] !== undefined)
      throw new Error(
        `systemd hands over two sockets named ${name}, one is expected; [::]:8080 with BindIPv6Only=both serves IPv4 too.`,
      );
    sockets[name] = FIRST_FD + index;
  }
  return sockets;
}
