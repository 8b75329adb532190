/**
 * The `nginx` command of the embedded proxy. With it, a driver can run `nginx -t` and `nginx -s reload` as on a real
 * host. The command is a small shell script that sends the request to the environment through named pipes and exits
 * with the result. The pipes need neither a port nor a secret, and a call takes only a few milliseconds.
 */
import { execFile } from 'node:child_process';
import { constants, openSync } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { writeText } from '../files.js';
import type { Faults } from '../control/faults.js';

const run = promisify(execFile);

/** The time limit of the script, which is longer than any caller waits. */
const ANSWER_S = 120;

export interface NginxCommand {
  /** The command words for `proxy.nginx.test` and `.reload` in the daemon's configuration. */
  readonly test: readonly string[];
  readonly reload: readonly string[];
  close(): Promise<void>;
}

export interface NginxHandlers {
  /** Executes the command. Rejects with the message that nginx would print. */
  readonly test: () => Promise<void>;
  readonly reload: () => Promise<void>;
}

/**
 * Writes the script `<dir>/nginx` and handles its requests. Faults with the target `proxy` match these requests with
 * the methods `TEST` and `RELOAD` and the paths `/test` and `/reload`.
 */
export async function nginxCommand(
  dir: string,
  handlers: NginxHandlers,
  faults: Faults,
): Promise<NginxCommand> {
  const script = join(dir, 'nginx');
  const pipes = join(dir, 'nginx.run');
  await rm(pipes, { recursive: true, force: true });
  await mkdir(pipes, { recursive: true, mode: 0o700 });
  const control = join(pipes, 'control');
  await run('mkfifo', ['-m', '600', control]);
  await writeText(script, scriptText(pipes, process.pid), 0o755);
  // the pipe is also opened for writing, so that the stream does not end when the first command closes it
  const fd = openSync(control, constants.O_RDWR | constants.O_NONBLOCK);
  const socket = new Socket({ fd, readable: true, writable: false });
  let pending = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    const lines = (pending + text).split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) {
      const [, pid, flag] = /^(\d+) (-[ts])$/.exec(line) ?? [];
      if (pid !== undefined) void reply(join(pipes, `reply.${pid}`), flag === '-t', handlers, faults);
    }
  });
  socket.on('error', () => {});
  return {
    test: [script, '-t'],
    reload: [script, '-s', 'reload'],
    async close() {
      socket.destroy();
      await rm(pipes, { recursive: true, force: true });
    },
  };
}

async function reply(pipe: string, isTest: boolean, handlers: NginxHandlers, faults: Faults): Promise<void> {
  const text = await outcome(isTest, handlers, faults);
  try {
    const handle = await open(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
    await handle.writeFile(text === undefined ? '0\n' : `${codeOf(text)} ${text.replaceAll('\n', ' ')}\n`);
    await handle.close();
  } catch {
    // ignore the error: the command was killed, so no process reads the result
  }
}

/** The message with which sudo or a forced command refuses to run the command. */
const DENIED = 'refused: this command may not be run';
const codeOf = (text: string): number => (text === DENIED ? 126 : 1);

/** Returns the error message of the command, or undefined if the command succeeds. */
async function outcome(
  isTest: boolean,
  handlers: NginxHandlers,
  faults: Faults,
): Promise<string | undefined> {
  const at = isTest ? { method: 'TEST', path: '/test' } : { method: 'RELOAD', path: '/reload' };
  const { delayMs, kind } = faults.strike('proxy', at);
  if (delayMs > 0) await delay(delayMs);
  if (kind && 'denied' in kind) return DENIED;
  if (kind && 'status' in kind) return kind.reason ?? 'injected fault';
  if (kind && 'taskError' in kind) return kind.taskError;
  if (kind && 'lock' in kind) return `locked (${kind.lock})`;
  // a test of the configuration needs no running nginx
  if (kind && 'down' in kind && !isTest)
    return 'open() "/run/nginx.pid" failed (2: No such file or directory)';
  // simulate that the signal is lost: the command succeeds, but nothing happens
  if (kind && ('lie' in kind || ('drop' in kind && kind.drop === 'before'))) return undefined;
  try {
    await (isTest ? handlers.test() : handlers.reload());
    return kind && 'drop' in kind ? 'killed' : undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function scriptText(pipes: string, pid: number): string {
  const folder = `'${pipes.replaceAll("'", `'\\''`)}'`;
  return `#!/bin/sh
# Stands in for nginx in Innkeeper's sandbox: sends the request to the sandbox, and exits with the result.
run=${folder}
case "$*" in
  -t) ;;
  '-s reload') ;;
  *) echo "nginx: only -t and -s reload are known to the sandbox" >&2; exit 1 ;;
esac
if ! kill -0 ${pid} 2>/dev/null || ! [ -p "$run/control" ]; then
  [ "$1" = -t ] && exit 0
  echo 'nginx: [error] open() "/run/nginx.pid" failed (2: No such file or directory)' >&2
  exit 1
fi
reply="$run/reply.$$"
mkfifo -m 600 "$reply" || exit 1
trap 'rm -f "$reply"' EXIT
exec 3<>"$reply"
printf '%s %s\\n' "$$" "$1" >"$run/control"
# The read has a time limit, because the sandbox and the caller may be killed in the meantime
answer=$(timeout --foreground ${ANSWER_S} head -n 1 <&3) || answer='1 the sandbox does not answer'
[ "$answer" = 0 ] && exit 0
echo "nginx: [emerg] \${answer#* }" >&2
exit "\${answer%% *}"
`;
}
