/** Flows that delete a site, and the flow that restores it while its container is kept. */
import { asAgentError } from '../../../kernel/errors.js';
import type { StepContext } from '../context.js';
import type { JobFlow } from '../module.js';
import { frontState, GRACE_S, type Hooks } from './hooks.js';

/**
 * Stops serving the site, removes the container from HA so that HA does not start it again, and removes the container.
 * If the job has `hold_s`, the container is only stopped and kept. No step can be undone.
 */
export function deletion(): JobFlow {
  return {
    ...front(),
    ha: { pivot: true, concerns: 'ha', timeoutS: 120, run: (context) => context.ha.remove() },
    container: {
      after: ['ha'],
      pivot: true,
      concerns: 'container',
      timeoutS: 900,
      run: (context) => (isHeld(context) ? context.container.stop(GRACE_S) : context.container.remove()),
    },
  };
}

const isHeld = ({ args }: StepContext): boolean => typeof args['hold_s'] === 'number' && args['hold_s'] > 0;

function front(): JobFlow {
  return {
    proxy: { pivot: true, concerns: 'proxy', timeoutS: 120, run: (context) => context.proxy.remove() },
    dns: { pivot: true, concerns: 'dns', timeoutS: 120, run: (context) => context.dns.remove() },
  };
}

/** Removes everything except the container, which can no longer be reached. */
export function forgetting(): JobFlow {
  return {
    ...front(),
    ha: {
      pivot: true,
      concerns: 'ha',
      timeoutS: 60,
      async run(context) {
        try {
          await context.ha.remove();
        } catch (error) {
          const { message, code } = asAgentError(error);
          if (code === 'aborted') throw error;
          context.log.warn('the HA resource of the container of a forgotten service could not be removed', {
            code,
            problem: message,
          });
        }
      },
    },
  };
}

/** Every step can be undone. After an undo, the service is deleted and its container kept, as before. */
export function restoration(hooks: Hooks): JobFlow {
  const stays = ({ service }: StepContext): boolean => service.suspendedFor.length === 0;
  return {
    start: {
      concerns: 'container',
      timeoutS: 180,
      async run(context) {
        const running = stays(context);
        if (running) await context.container.start();
        return { running };
      },
      undo: (context) => context.container.stop(GRACE_S),
    },
    dns: {
      concerns: 'dns',
      timeoutS: 120,
      run: (context) => context.dns.ensure(),
      undo: (context) => context.dns.remove(),
    },
    // the deletion has removed the custom domains, so the site must use the name again that the agent assigned to it
    site: {
      after: ['start'],
      timeoutS: 180,
      run: async (context) => (stays(context) ? hooks.setUrl(context) : undefined),
    },
    proxy: {
      after: ['start'],
      concerns: 'proxy',
      timeoutS: 120,
      run: (context) => context.proxy.ensure({ state: frontState(context), port: hooks.port(context) }),
      undo: (context) => context.proxy.remove(),
    },
    ha: {
      after: ['start'],
      concerns: 'ha',
      timeoutS: 120,
      run: async (context) => (stays(context) ? context.ha.ensure() : undefined),
      undo: (context) => context.ha.remove(),
    },
  };
}
