/**
 * Flows for backups, rollback and reset. A rollback also restores the container's settings, so afterwards everything
 * is set to the service's present state.
 */
import { AgentError, asAgentError, type ErrorCode } from '../../../kernel/errors.js';
import { UNTOUCHED } from '../../../model/flow.js';
import { INITIAL_SNAPSHOT } from '../../../model/snapshot-rules.js';
import type { StepContext } from '../context.js';
import type { JobFlow } from '../module.js';
import { guestOf } from '../parts.js';
import { GRACE_S, type Hooks, setOwnerAgain } from './hooks.js';

/** Number of safety snapshots that are kept in addition to the newest. */
const SAFETY_KEPT = 1;
/** Errors after which nothing was changed. */
const NOTHING_DONE: readonly ErrorCode[] = [
  'backup_not_newest',
  'backup_not_found',
  'snapshots_unavailable',
  'container_host_refused',
];

/** A storage without snapshots can still hold sites; they only have no rollback. */
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
  // if the reset is refused, its snapshot is removed: on storage that can roll back only to the newest snapshot, it
  // would block the next reset
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
    // it was started only to apply changes
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

/** Only if the caller agreed to lose them. Newest first, as storages require that roll back only to the newest. */
async function discardNewer(context: StepContext): Promise<void> {
  if (context.args['discard_newer'] !== true) return;
  const target = typeof context.args['name'] === 'string' ? context.args['name'] : INITIAL_SNAPSHOT;
  const names = guestOf(context.service).snapshots.map(({ name }) => name);
  const at = names.indexOf(target);
  if (at < 0) return;
  for (const name of names.slice(at + 1).reverse()) await context.container.unsnapshot(name);
}

/** Outside the quota. None is created if the storage could not roll back past it. */
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

/** Best effort: a snapshot that remains does not need an operator. */
async function dropSafety({ notes, container, log }: StepContext): Promise<void> {
  const { name } = notes;
  if (typeof name !== 'string') return;
  await container.unsnapshot(name).catch((error: unknown) => {
    const { code, message } = asAgentError(error);
    if (code === 'aborted') throw error;
    log.warn('the safety snapshot of an undone reset remains', { name, code, problem: message });
  });
}

function nextSafety({ service }: StepContext): string {
  const numbers = guestOf(service).snapshots.map(({ name }) => Number(/^safety-(\d+)$/.exec(name)?.[1] ?? 0));
  return `safety-${Math.max(0, ...numbers) + 1}`;
}

/** After a refusal the site is as before, running if it ran; after any other error the rollback must be completed. */
async function goBack(context: StepContext, name: string): Promise<void> {
  await context.note({ [UNTOUCHED]: false });
  try {
    await context.container.rollback(name);
  } catch (error) {
    const { code, retryable } = asAgentError(error);
    // an error that does not pass within a moment must not keep the site down until the next try
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
  throw new AgentError('module_failed', 'The job does not name a backup.', { retryable: false });
}
