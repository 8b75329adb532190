/**
 * Tells systemd how the service is. Node cannot send datagrams to a unix socket and what can is native code, so a
 * `systemd-notify` does it (13 ms, of which 1.4 ms in our process, every half of the watchdog's interval). The unit
 * says NotifyAccess=all for it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface ServiceManager {
  /**
   * Lines such as `READY=1`. Resolves when systemd has them; rejects when it could not be told. Without a service
   * manager it does nothing.
   */
  tell(...lines: readonly string[]): Promise<void>;
}

const DEADLINE_MS = 5_000;
/** A status may be anything, but one line. */
const oneLine = (text: string): string => text.replace(/[\r\n]+/g, ' ').slice(0, 500);

export function serviceManager(
  notifySocket: string | undefined,
  command: readonly string[] = ['systemd-notify'],
): ServiceManager {
  if (notifySocket === undefined) return { tell: () => Promise.resolve() };
  const [program = '', ...args] = command;
  return {
    async tell(...lines) {
      // It waits until systemd has read the message: one whose sender is gone cannot be told from a stranger's.
      const child = spawn(program, [...args, ...lines.map(oneLine)], {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', NOTIFY_SOCKET: notifySocket },
        timeout: DEADLINE_MS,
        killSignal: 'SIGKILL',
      });
      let said = '';
      // without a descriptor left there is no stream, whatever the types say, and the error comes in the next turn
      // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition
      child.stderr?.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-500)));
      const ended: unknown[] = await once(child, 'close');
      const [code, signal] = ended;
      if (code === 0) return;
      throw new Error(`${program} ended with ${String(code ?? signal)}: ${oneLine(said.trim())}`);
    },
  };
}
