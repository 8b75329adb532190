/**
 * Flows for the customer's own domains. The proxy serves the domains at once, and the site is configured for them.
 * Their certificates are obtained separately.
 */
import { asAgentError } from '../../../kernel/errors.js';
import type { StepContext } from '../context.js';
import type { JobFlow } from '../module.js';
import { frontState, type Hooks, setPendingAddress } from './hooks.js';

const PROXY_S = 120;
const SITE_S = 180;

/** Changes the proxy to match the service's document. */
const front =
  (hooks: Hooks) =>
  (context: StepContext): Promise<void> =>
    context.proxy.ensure({ state: frontState(context), port: hooks.port(context) });

/** The names that this job adds. */
function added({ args }: StepContext): string[] {
  const { names } = args;
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
}

/**
 * Configures the site for its names. A stopped site is configured at its next start; if the software of the site fails,
 * the domain is added anyway.
 */
const site = (hooks: Hooks): JobFlow[string] => ({
  timeoutS: SITE_S,
  async run(context) {
    const { power } = await context.container.look();
    if (power !== 'running') {
      context.log.info('the site is stopped: its names are applied when it starts');
      return;
    }
    try {
      await setPendingAddress(context, hooks);
    } catch (thrown) {
      const { code, message, detail } = asAgentError(thrown, 'module_failed');
      if (code !== 'recipe_failed') throw thrown;
      context.log.warn("the site's names could not be applied", {
        code,
        problem: message,
        detail: detail ?? '',
      });
    }
  },
});

export const domainAddition = (hooks: Hooks): JobFlow => ({
  proxy: {
    concerns: 'proxy',
    timeoutS: PROXY_S,
    run: front(hooks),
    undo: (context) =>
      context.proxy.ensure({
        state: frontState(context),
        port: hooks.port(context),
        without: added(context),
      }),
  },
  site: site(hooks),
});

/** The flow cannot be undone, because the document no longer contains the domain. */
export const domainRemoval = (hooks: Hooks): JobFlow => ({
  site: { ...site(hooks), pivot: true },
  proxy: { after: ['site'], pivot: true, concerns: 'proxy', timeoutS: PROXY_S, run: front(hooks) },
});

export const domainChange = (hooks: Hooks): JobFlow => ({
  site: {
    timeoutS: SITE_S,
    async run(context) {
      const { power } = await context.container.look();
      if (power === 'running') await setPendingAddress(context, hooks);
      else context.log.info('the site is stopped: its URL is applied when it starts');
    },
  },
});

export const toggling = (hooks: Hooks): JobFlow => ({
  proxy: { concerns: 'proxy', timeoutS: PROXY_S, run: front(hooks) },
});
