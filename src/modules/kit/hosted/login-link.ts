/**
 * Creates a log-in link for the site's administrator. The link works once and expires after one minute. Nothing has to
 * be undone.
 */
import { AgentError } from '../../../kernel/errors.js';
import type { StepContext } from '../context.js';
import type { JobFlow } from '../module.js';
import type { Hooks } from './hooks.js';

export const loginLinking = (hooks: Hooks): JobFlow => ({
  site: {
    timeoutS: 60,
    async run(context) {
      const { power } = await context.container.look();
      if (power !== 'running')
        throw new AgentError('service_stopped', 'The site is stopped; start it first.');
      await hooks.loginLink(context, { id: textIn(context, 'link'), sha256: textIn(context, 'sha256') });
    },
  },
});

function textIn({ args }: StepContext, name: string): string {
  const value = args[name];
  if (typeof value === 'string') return value;
  throw new AgentError('module_failed', 'The job contains no log-in link.', { retryable: false });
}
