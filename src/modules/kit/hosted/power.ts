/** Flows that start and stop a site: at the customer's request, and for suspensions. */
import { NEXT_PASSWORD } from '../../../model/credentials.js';
import { AgentError, asAgentError } from '../../../kernel/errors.js';
import type { StepContext } from '../context.js';
import type { CharacterClass } from '../module-call-types.js';
import type { JobFlow } from '../module.js';
import { siteOf } from '../parts.js';
import { frontState, GRACE_S, type Hooks, setPendingAddress, setPendingOwner } from './hooks.js';

export const starting = (hooks: Hooks): JobFlow => ({
  start: {
    concerns: 'container',
    timeoutS: 180,
    async run(context) {
      refuseSuspended(context);
      await context.container.start();
    },
  },
  site: catchUp(hooks),
});

/**
 * Throws if the service is suspended. The check is needed because the service may have been suspended while the job was
 * queued.
 */
function refuseSuspended({ service }: StepContext): void {
  if (service.suspendedFor.length > 0) throw new AgentError('service_suspended', 'The service is suspended.');
}

/** Applies the changes that the panel requested while the site was stopped. */
const catchUp = (hooks: Hooks, waits = true): JobFlow[string] => ({
  after: ['start'],
  timeoutS: 180,
  run: (context) => notifyIfPossible(context, hooks, waits),
});

/**
 * If the changes cannot be applied, the site runs without them, and the next start tries again. If `waits` is true,
 * temporary failures are thrown, so that the job is retried.
 */
async function notifyIfPossible(context: StepContext, hooks: Hooks, waits = true): Promise<void> {
  try {
    await setPendingOwner(context, hooks);
    await setPendingAddress(context, hooks);
  } catch (error) {
    const { code, detail, retryable } = asAgentError(error, 'module_failed');
    // if a script failed for an unknown reason, the site runs without the changes
    const mayPass = retryable && code !== 'container_host_failed';
    if (code === 'aborted' || (mayPass && waits)) throw error;
    context.log.warn("the site's owner or names could not be applied", { code, detail: detail ?? '' });
  }
}

export const stopping = (): JobFlow => ({
  stop: { concerns: 'container', timeoutS: 300, run: (context) => context.container.stop(GRACE_S) },
});

/**
 * Stops and starts the site. If the stopped site does not start again, the job becomes stuck and an operator must act.
 */
export const restarting = (hooks: Hooks): JobFlow => ({
  stop: {
    concerns: 'container',
    timeoutS: 300,
    async run(context) {
      refuseSuspended(context);
      await context.container.stop(GRACE_S);
    },
  },
  start: {
    after: ['stop'],
    pivot: true,
    concerns: 'container',
    timeoutS: 180,
    run: (context) => context.container.start(),
  },
  // this step comes after the pivot, so its failures must not make the job stuck
  site: catchUp(hooks, false),
});

/**
 * Suspends the site. No step is undone, so that an unfinished suspension makes the job stuck and an operator notices
 * it.
 */
export const suspension = (hooks: Hooks): JobFlow => ({
  proxy: {
    pivot: true,
    concerns: 'proxy',
    timeoutS: 120,
    run: (context) => context.proxy.ensure({ state: 'suspended', port: hooks.port(context) }),
  },
  container: {
    pivot: true,
    concerns: 'container',
    timeoutS: 300,
    run: (context) => context.container.stop(GRACE_S),
  },
});

/**
 * Lifts one reason for the suspension. The site starts only if no other reason remains. A service that was not
 * suspended stays unchanged.
 */
export function resumption(hooks: Hooks): JobFlow {
  const isLast = ({ service, args }: StepContext): boolean =>
    service.suspendedFor.length > 0 && service.suspendedFor.every((reason) => reason === args['reason']);
  const ifLast =
    (work: (context: StepContext) => Promise<void>) =>
    async (context: StepContext): Promise<void> =>
      isLast(context) ? work(context) : undefined;
  return {
    start: {
      concerns: 'container',
      timeoutS: 180,
      async run(context) {
        if (!isLast(context)) return;
        await context.container.start();
        // the result is used for status requests until the cluster is polled again
        return { running: true };
      },
      undo: ifLast((context) => context.container.stop(GRACE_S)),
    },
    site: { ...catchUp(hooks), run: ifLast((context) => notifyIfPossible(context, hooks)) },
    proxy: {
      after: ['start'],
      concerns: 'proxy',
      timeoutS: 120,
      run: ifLast((context) =>
        context.proxy.ensure({
          state: siteOf(context.service).proxyEnabled ? 'enabled' : 'disabled',
          port: hooks.port(context),
        }),
      ),
      undo: (context) => context.proxy.ensure({ state: frontState(context), port: hooks.port(context) }),
    },
  };
}

/**
 * Sets the new owner's address for the site's administrator. If the site is stopped, the address is set at the next
 * start that the panel requests.
 */
export const ownerChange = (hooks: Hooks): JobFlow => ({
  site: {
    timeoutS: 180,
    async run(context) {
      const { power } = await context.container.look();
      if (power === 'running') await setPendingOwner(context, hooks);
      else context.log.info('the site is stopped: the new e-mail address is applied when it starts');
    },
  },
});

const PASSWORD_LENGTH = 20;

/**
 * Sets a new password for the site's administrator. The new password replaces the recorded one only after it was set in
 * the site (see outcomes.ts).
 */
export const passwordReset = (hooks: Hooks, classes?: readonly CharacterClass[]): JobFlow => ({
  site: {
    timeoutS: 180,
    async run(context) {
      const { power } = await context.container.look();
      if (power !== 'running')
        throw new AgentError('service_stopped', 'The site is stopped; start it first.');
      const options = { name: NEXT_PASSWORD, length: PASSWORD_LENGTH, ...(classes ? { classes } : {}) };
      await hooks.setPassword(context, await context.secrets.password(options));
    },
  },
});
