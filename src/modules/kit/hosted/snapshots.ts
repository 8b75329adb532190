/**
 * Flows for backups, rollback and reset. A rollback also restores the container's former settings, so afterwards the
 * settings are changed again to match the service's record.
 */
import { AgentError, asAgentError, type ErrorCode } from '../../../kernel/errors.js';
import { UNTOUCHED } from '../../../model/flow.js';
import { INITIAL_SNAPSHOT } from '../../../model/snapshot-rules.js';
import type { StepContext } from '../context.js';
import type { JobFlow } from '../module.js';
import { guestOf } from '../parts.js';
import { GRACE_S, type Hooks, setOwnerAgain } from './hooks.js';

/** Number of older safety snapshots that are kept in addition to the newest one. */
const SAFETY_KEPT = 1;
/** Errors after which nothing was changed. */
const NOTHING_DONE: readonly ErrorCode[] = [
  'backup_not_newest',
  'backup_not_found',
  'snapshots_unavailable',
  'container_host_refused',
];

/**
 * Takes the initial snapshot. If the storage does not support snapshots, the site is created without one and cannot be
 * rolled back.
 */
export async function takeInitial({ container, log }: StepContext): Promise<void> {
  try {
    await container.snapshot(INITIAL_SNAPSHOT, 'As delivered', 'initial');
  } catch (error) {
    const { code, detail } = asAgentError(error);
    if (code !== 'snapshots_unavailable') throw error;
    log.warn('the storage does not support snapshots: this site has no backups and no reset', {
      detail: detail ?? '',
    });
  }
}

export const backup = (): JobFlow => ({
  snapshot: {
    concerns: 'snapshot',
    timeoutS: 600,
    run: (context) => context.container.snapshot(nameIn(context, 'name'), 'Backup', 'backup'),
    undo: (context) => context.container.unsnapshot(nameIn(context, 'name')),
  },
});

export const backupRemoval = (): JobFlow => ({
  snapshot: {
    concerns: 'snapshot',
    timeoutS: 600,
    run: (context) => context.container.unsnapshot(nameIn(context, 'name')),
  },
});

export const rollback = (hooks: Hooks): JobFlow => ({
  look: { timeoutS: 60, run: look },
  discard: { after: ['look'], timeoutS: 1800, run: discardNewer },
  rollback: {
    after: ['discard'],
    pivot: true,
    concerns: 'container',
    timeoutS: 900,
    run: (context) => goBack(context, nameIn(context, 'name')),
  },
  ...afterwards(hooks),
});

export const reset = (hooks: Hooks): JobFlow => ({
  look: { timeoutS: 60, run: look },
  discard: { after: ['look'], timeoutS: 1800, run: discardNewer },
  // if the rollback is refused, the safety snapshot is removed: on storage that can roll back only to the newest
  // snapshot, it would prevent the next reset
  safety: { after: ['discard'], timeoutS: 1200, run: takeSafety, undo: dropSafety },
  rollback: {
    after: ['safety'],
    pivot: true,
    concerns: 'container',
    timeoutS: 900,
    run: (context) => goBack(context, INITIAL_SNAPSHOT),
  },
  ...afterwards(hooks),
});

function afterwards(hooks: Hooks): JobFlow {
  return {
    converge: {
      after: ['rollback'],
      concerns: 'container',
      timeoutS: 900,
      run: (context) => context.container.converge(hooks.source(context)),
    },
    start: {
      after: ['converge'],
      concerns: 'container',
      timeoutS: 180,
      run: (context) => context.container.start(),
    },
    site: {
      after: ['start'],
      timeoutS: 300,
      async run(context) {
        await hooks.setUrl(context);
        await setOwnerAgain(context, hooks);
      },
    },
    // a site that was stopped before the rollback is stopped again, because it was started only to apply changes
    rest: {
      after: ['site'],
      concerns: 'container',
      timeoutS: 300,
      run: async (context) => (wasRunning(context) ? undefined : context.container.stop(GRACE_S)),
    },
  };
}

async function look({ container }: StepContext): Promise<{ running: boolean }> {
  const { power } = await container.look();
  if (power === 'absent') {
    throw new AgentError('container_host_failed', "The site's container no longer exists.", {
      failure: 'gone',
      role: 'container host',
    });
  }
  return { running: power === 'running' };
}

function wasRunning({ results }: StepContext): boolean {
  const seen = results['look'];
  return typeof seen === 'object' && seen !== null && !Array.isArray(seen) && seen['running'] === true;
}

/**
 * Deletes the snapshots that are newer than the target, if the caller has agreed to lose them. The newest is deleted
 * first, which is necessary on storage that can roll back only to the newest snapshot.
 */
async function discardNewer(context: StepContext): Promise<void> {
  if (context.args['discard_newer'] !== true) return;
  const target = typeof context.args['name'] === 'string' ? context.args['name'] : INITIAL_SNAPSHOT;
  const names = guestOf(context.service).snapshots.map(({ name }) => name);
  const at = names.indexOf(target);
  if (at < 0) return;
  for (const name of names.slice(at + 1).reverse()) await context.container.unsnapshot(name);
}

/**
 * Takes a safety snapshot, which is not included in the customer's quota. No snapshot is made if the storage could then
 * no longer roll back to the older snapshot.
 */
async function takeSafety(context: StepContext): Promise<void> {
  if (context.args['safety'] === false) return;
  const noted = context.notes['name'];
  const name = typeof noted === 'string' ? noted : nextSafety(context);
  await context.note({ name });
  await context.container.snapshot(name, 'Before a reset', 'safety');
  const old = guestOf(context.service).snapshots.filter((one) => one.kind === 'safety' && one.name !== name);
  for (const one of old.slice(0, Math.max(0, old.length - SAFETY_KEPT)))
    await context.container.unsnapshot(one.name);
}

/**
 * Tries to remove the safety snapshot. A failure is only logged, because a remaining snapshot does not require an
 * operator.
 */
async function dropSafety({ notes, container, log }: StepContext): Promise<void> {
  const { name } = notes;
  if (typeof name !== 'string') return;
  await container.unsnapshot(name).catch((error: unknown) => {
    const { code, message } = asAgentError(error);
    if (code === 'aborted') throw error;
    log.warn('the safety snapshot of a reset that was undone could not be removed', {
      name,
      code,
      problem: message,
    });
  });
}

function nextSafety({ service }: StepContext): string {
  const numbers = guestOf(service).snapshots.map(({ name }) => Number(/^safety-(\d+)$/.exec(name)?.[1] ?? 0));
  return `safety-${Math.max(0, ...numbers) + 1}`;
}

/**
 * Rolls the container back. If the rollback is refused, the site is as before, and it is started again if it was
 * running. After any other error, the rollback must be completed by another try.
 */
async function goBack(context: StepContext, name: string): Promise<void> {
  await context.note({ [UNTOUCHED]: false });
  try {
    await context.container.rollback(name);
  } catch (error) {
    const { code, retryable } = asAgentError(error);
    // if another try is not likely to succeed soon, the site is started again, so that it is not down until then
    const isOver = !retryable || code === 'container_host_failed';
    if (isOver && wasRunning(context)) await startAgain(context);
    if (NOTHING_DONE.includes(code)) await context.note({ [UNTOUCHED]: true });
    throw error;
  }
}

async function startAgain(context: StepContext): Promise<void> {
  await context.container.start().catch((error: unknown) => {
    const { code, message } = asAgentError(error);
    context.log.error('the site could not be started after a failed rollback', { code, problem: message });
  });
}

function nameIn({ args }: StepContext, key: string): string {
  const name = args[key];
  if (typeof name === 'string') return name;
  throw new AgentError('module_failed', 'The job contains no name of a backup.', { retryable: false });
}
