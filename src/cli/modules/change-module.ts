/** innkeeper module activate | update | deactivate */
import { systemClock } from '../../kernel/clock.js';
import { DEFAULT_PANEL } from '../../kernel/default-panel.js';
import { configFile } from '../shared/config-file.js';
import { connectDaemon, type Daemon, type Fields, listOf } from '../shared/daemon.js';
import { EXIT } from '../shared/failure.js';
import { formatCell } from '../shared/format-cell.js';
import { say, sayJson } from '../shared/print.js';
import { modulePath } from './module-path.js';

interface ChangeOptions {
  readonly config?: string;
  readonly json?: true;
  readonly version?: string;
  readonly purge?: true;
  readonly force?: true;
}

const OPEN: readonly unknown[] = ['queued', 'running', 'waiting'];
const POLL_MS = 500;

/** Waits for the job. Resolves with the exit code. */
export async function changeModule(verb: string, name: string, options: ChangeOptions): Promise<number> {
  const path = modulePath(name);
  const { version, purge, force } = options;
  const daemon = await connectDaemon(configFile(options.config), DEFAULT_PANEL);
  const { job_id: id } = await daemon.call('POST', `${path}/${verb}`, { version, purge, force });
  const job = typeof id === 'string' ? await ended(daemon, path, id) : undefined;
  const { success: _, ...module } = await daemon.call('GET', path);
  const isDone = job === undefined || job['status'] === 'completed';
  if (options.json) sayJson({ state: module['state'], version: module['version'], job: job ?? null });
  else say(sentence(name, module, job));
  return isDone ? EXIT.done : EXIT.failed;
}

function sentence(name: string, { state, version }: Fields, job: Fields | undefined): string {
  const shown = `${name} ${formatCell(version)} is ${formatCell(state)}`;
  if (!job) return `Nothing to do: ${shown}.`;
  if (job['status'] === 'completed') return `${shown}.`;
  return `The job ${formatCell(job['id'])} is ${formatCell(job['status'])}: ${formatCell(job['error'])}\n${shown}.`;
}

async function ended(daemon: Daemon, path: string, id: string): Promise<Fields | undefined> {
  for (;;) {
    const { jobs } = await daemon.call('GET', path);
    const job = listOf(jobs).find((one) => one['id'] === id);
    if (!job || !OPEN.includes(job['status'])) return job;
    await systemClock.sleep(POLL_MS);
  }
}
