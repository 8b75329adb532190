/**
 * The customer's own names: the proxy serves them at once, the site learns of them; certificates come on their own
 * way.
 */
import { asAgentError } from '../../../kernel/errors.js';
import type { StepContext } from '../context.js';
import type { JobFlow } from '../module.js';
import { frontState, type Hooks, setPendingAddress } from './hooks.js';

const PROXY_S = 120;
const SITE_S = 180;

/** What the service's document says now, in front of its visitors. */
const front =
  (hooks: Hooks) =>
  (context: StepContext): Promise<void> =>
    context.proxy.ensure({ state: frontState(context), port: hooks.port(context) });

/** The names that this job was to add. */
function added({ args }: StepContext): string[] {
  const { names } = args;
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
}

/** A stopped site learns of it when it is started; one that is broken inside is no reason to refuse a domain. */
const site = (hooks: Hooks): JobFlow[string] => ({
  timeoutS: SITE_S,
  async run(context) {
    const { power } = await context.container.look();
    if (power !== 'running') {
      context.log.info('the site is stopped: it learns of its names when it starts');
      return;
    }
    try {
      await setPendingAddress(context, hooks);
    } catch (thrown) {
      const { code, message, detail } = asAgentError(thrown, 'module_failed');
      if (code !== 'recipe_failed') throw thrown;
      context.log.warn('the site could not be told its names', {
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

/** The document has lost the domain already: this only goes forward. */
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
      else context.log.info('the site is stopped: it gets its URL when it starts');
    },
  },
});

export const toggling = (hooks: Hooks): JobFlow => ({
  proxy: { concerns: 'proxy', timeoutS: PROXY_S, run: front(hooks) },
});
