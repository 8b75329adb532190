/** Starting and stopping, by the customer and by whoever suspends a service. */
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

/** The suspension may have come while the job waited for its turn. */
function refuseSuspended({ service }: StepContext): void {
  if (service.suspendedFor.length > 0) throw new AgentError('service_suspended', 'The service is suspended.');
}

/** What the panel changed while the site was stopped. */
const catchUp = (hooks: Hooks, waits = true): JobFlow[string] => ({
  after: ['start'],
  timeoutS: 180,
  run: (context) => notifyIfPossible(context, hooks, waits),
});

/**
 * A site that is in order but for this must come up all the same; the next start tries again. `waits`: what may pass
 * is worth another try of the job.
 */
async function notifyIfPossible(context: StepContext, hooks: Hooks, waits = true): Promise<void> {
  try {
    await setPendingOwner(context, hooks);
    await setPendingAddress(context, hooks);
  } catch (error) {
    const { code, detail, retryable } = asAgentError(error, 'module_failed');
    // a script that ended badly, nobody knows why, is no reason to keep the site down
    const mayPass = retryable && code !== 'container_host_failed';
    if (code === 'aborted' || (mayPass && waits)) throw error;
    context.log.warn('the site could not be told its owner or its names', { code, detail: detail ?? '' });
  }
}

export const stopping = (): JobFlow => ({
  stop: { concerns: 'container', timeoutS: 300, run: (context) => context.container.stop(GRACE_S) },
});

/** A site that was stopped and does not come up again is a person's business. */
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
  // past the pivot nothing but the site's coming up is worth a person
  site: catchUp(hooks, false),
});

/** Nothing is taken back: a suspension that does not come to its end must be seen. */
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
 * Lifts one reason; only when it is the last one does the site come back, and one that was not suspended is left as
 * it is.
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
        // told to whoever asks for the status before the next look at the cluster
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
 * The site's administrator gets the new owner's address; a stopped site gets it at its next start that the panel asks
 * for.
 */
export const ownerChange = (hooks: Hooks): JobFlow => ({
  site: {
    timeoutS: 180,
    async run(context) {
      const { power } = await context.container.look();
      if (power === 'running') await setPendingOwner(context, hooks);
      else context.log.info('the site is stopped: its administrator gets the address when it starts');
    },
  },
});

const PASSWORD_LENGTH = 20;

/** What we know takes the place of the old password only when the site has it (see outcomes.ts). */
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
