/**
 * Runs a command on the host, never through a shell. If it fails, throws an Error that contains the command and the
 * reason.
 */
import { spawn } from 'node:child_process';

export interface RunOptions {
  readonly stdin?: string;
  /** The number of milliseconds after which the command is killed. */
  readonly timeoutMs?: number;
  /** The exit codes that mean success. By default, only 0 does. */
  readonly okCodes?: readonly number[];
  readonly env?: NodeJS.ProcessEnv;
  /** A function that receives every line of standard error while the command runs. */
  readonly onLine?: (line: string) => void;
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
}

const OUTPUT_LIMIT = 8 * 1024 * 1024;

export async function run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const [command = '', ...args] = argv;
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: options.env ?? process.env,
    timeout: options.timeoutMs ?? 60_000,
    killSignal: 'SIGKILL',
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (stdout.length < OUTPUT_LIMIT) stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-64 * 1024);
    if (options.onLine) for (const line of text.split('\n').filter(Boolean)) options.onLine(line);
  });
  // A command may end without reading its input, which is not an error.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.stdin ?? '');
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', (cause) => reject(new Error(`cannot run ${command}: ${cause.message}`, { cause })));
    child.on('close', (exit, signal) => (signal === null ? resolve(exit ?? 1) : resolve(-1)));
  });
  if (!(options.okCodes ?? [0]).includes(code)) {
    const why = lastLines(stderr) || lastLines(stdout) || (code === -1 ? 'it was killed' : 'no message');
    throw new Error(`${command} ${args[0] ?? ''} failed (${code}): ${why}`);
  }
  return { code, stdout };
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-3).join(' | ').slice(0, 600);
}
