/**
 * Runs the scripts of an author's module in a real shell, in a root file system of its own for each container. The
 * programs of this machine are visible there, but nothing of this machine can be changed, and there is no network. This
 * needs root.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Played } from './scripts.js';

/** A script as the agent sends it. */
export interface ShellScript {
  readonly name: string;
  readonly body: string;
  readonly values: Readonly<Record<string, string>>;
}

export interface ScratchRoots {
  /** Resolves with what the script wrote, also if it failed or could not be started. */
  run(vmid: number, script: ShellScript, signal: AbortSignal): Promise<Played>;
}

/** The text is fixed, and the folder is an argument. */
const ENTER = `
set -eu
root=$1
mount --make-rprivate /
for folder in etc tmp var/lib var/log var/tmp root home srv opt run proc dev usr; do mkdir -p "$root/$folder"; done
mount --bind /usr "$root/usr"
mount -o remount,ro,bind "$root/usr"
for name in bin sbin lib lib32 lib64; do
  if [ -L "/$name" ] && [ ! -L "$root/$name" ]; then ln -s "$(readlink "/$name")" "$root/$name"; fi
done
for name in passwd group nsswitch.conf ld.so.cache alternatives debian_version os-release; do
  if [ -e "/etc/$name" ] && [ ! -e "$root/etc/$name" ]; then cp -a "/etc/$name" "$root/etc/$name"; fi
done
for name in null zero full random urandom; do
  [ -e "$root/dev/$name" ] || : >"$root/dev/$name"
  mount --bind "/dev/$name" "$root/dev/$name"
done
mount -t proc proc "$root/proc"
exec chroot "$root" /bin/sh -s
`;
const UNSHARE = ['--mount', '--pid', '--net', '--uts', '--ipc', '--fork', '--kill-child'];
/** Scripts need no more variables than these. */
const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LC_ALL: 'C.UTF-8',
};
const MOST_OUTPUT = 256 * 1024;
const NOT_FOUND = 127;

/** `folder`: holds the root file system of each container. `tell` gets one line about each script. */
export function scratchRoots(
  folder: string,
  tell: (line: string) => void,
  isRoot = process.getuid?.() === 0,
): ScratchRoots {
  return {
    async run(vmid, script, signal) {
      if (!isRoot) {
        const why = `the script ${script.name} was not run: scripts of modules run only if this command runs as root`;
        tell(why);
        return { code: NOT_FOUND, stdout: '', stderr: `${why}\n` };
      }
      const root = join(folder, String(vmid));
      await mkdir(root, { recursive: true });
      const played = await inRoot(root, script, signal);
      const last = played.stderr.trim().split('\n').at(-1) ?? '';
      tell(
        `container ${vmid}: ${script.name} ended with ${played.code}${played.code === 0 ? '' : `: ${last}`}`,
      );
      return played;
    },
  };
}

async function inRoot(root: string, { body, values }: ShellScript, signal: AbortSignal): Promise<Played> {
  const child = spawn('unshare', [...UNSHARE, '/bin/sh', '-c', ENTER, 'sh', root], {
    env: { ...ENVIRONMENT, ...values },
    stdio: ['pipe', 'pipe', 'pipe'],
    signal,
    killSignal: 'SIGKILL',
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (chunk: Buffer) => {
      if (texts[name].length < MOST_OUTPUT) texts[name] += chunk.toString('utf8');
    });
  child.stdin.on('error', () => {});
  // the same form as in a container: an empty standard input, and the exit code of the body
  child.stdin.end(`(\nset -eu\n${body}\n) </dev/null\n`);
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    return { code: code ?? 137, ...texts };
  } catch (error) {
    return {
      code: NOT_FOUND,
      stdout: '',
      stderr: `${error instanceof Error ? error.message : String(error)}\n`,
    };
  }
}
