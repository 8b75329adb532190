/** Flows for start and stop, by the customer and by suspensions. */
import { NEXT_PASSWORD } from '../../../model/credentials.js';
import { AgentError, asAgentError } from '../../../kernel/errors.js';
import type { StepContext } from '../context.js';
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

/** The service may have been suspended while the job was queued. */
function refuseSuspended({ service }: StepContext): void {
  if (service.suspendedFor.length > 0) throw new AgentError('service_suspended', 'The service is suspended.');
}

/** Applies what the panel changed while the site was stopped. */
const catchUp = (hooks: Hooks, waits = true): JobFlow[string] => ({
  after: ['start'],
  timeoutS: 180,
  run: (context) => notifyIfPossible(context, hooks, waits),
});

/**
 * A failure here must not keep the site down; the next start tries again. `waits`: the job retries temporary failures.
 */
async function notifyIfPossible(context: StepContext, hooks: Hooks, waits = true): Promise<void> {
  try {
    await setPendingOwner(context, hooks);
    await setPendingAddress(context, hooks);
  } catch (error) {
    const { code, detail, retryable } = asAgentError(error, 'module_failed');
    // a script that failed for an unknown reason must not keep the site down
    const mayPass = retryable && code !== 'container_host_failed';
    if (code === 'aborted' || (mayPass && waits)) throw error;
    context.log.warn("the site's owner or names could not be applied", { code, detail: detail ?? '' });
  }
}

export const stopping = (): JobFlow => ({
  stop: { concerns: 'container', timeoutS: 300, run: (context) => context.container.stop(GRACE_S) },
});

/** If the stopped site does not start again, an operator must act. */
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
  // after the pivot only the start itself may make the job stuck
  site: catchUp(hooks, false),
});

/** Nothing is undone: an unfinished suspension must be noticed. */
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
 * Lifts one reason. The site starts only if it was the last reason; a service that was not suspended stays unchanged.
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
        // for status requests before the next poll of the cluster
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
 * Sets the new owner's address for the site's administrator; for a stopped site, at the next start that the panel
 * requests.
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

/** The new password replaces the recorded one only when the site has it (see outcomes.ts). */
export const passwordReset = (hooks: Hooks): JobFlow => ({
  site: {
    timeoutS: 180,
    async run(context) {
      const { power } = await context.container.look();
      if (power !== 'running')
        throw new AgentError('service_stopped', 'The site is stopped; start it first.');
      await hooks.setPassword(context, await context.secrets.ensure(NEXT_PASSWORD, PASSWORD_LENGTH));
    },
  },
});
