/**
 * The agent's own flows. They run for products that have no flow for a kind of job, and for services whose module is no
 * longer installed. They do not change anything in the software of the site, because only its module could do that.
 */
import { AgentError } from '../../kernel/errors.js';
import type { ServiceView, StepContext } from './context.js';
import { deletion, forgetting, restoration } from './hosted/ends.js';
import type { Hooks } from './hosted/hooks.js';
import { onlySteps } from './hosted/only-steps.js';
import { resumption, suspension } from './hosted/power.js';
import type { JobFlow } from './module.js';

const DEFAULT_PORT = 80;

async function refuse(): Promise<never> {
  throw new AgentError('module_failed', 'Only the module of the product can do this.', { retryable: false });
}

/** The hooks for these flows. Only the port is used, because steps that need another hook are left out below. */
const HOOKS: Hooks = {
  port: ({ settings }: StepContext) =>
    typeof settings['upstream_port'] === 'number' ? settings['upstream_port'] : DEFAULT_PORT,
  source: () => ({ kind: 'os' }),
  setUrl: refuse,
  setOwner: refuse,
  setPassword: refuse,
  loginLink: refuse,
};

const FLOWS: Readonly<Record<string, () => JobFlow>> = {
  suspend: () => suspension(HOOKS),
  unsuspend: () => resumption(HOOKS),
  delete: deletion,
  purge: deletion,
  forget: forgetting,
  restore: () => restoration(HOOKS),
};

const OF_GUEST: readonly unknown[] = ['container', 'ha'];
const OF_SITE: readonly unknown[] = ['dns', 'proxy'];

/**
 * The agent's flow for a kind of job; undefined if only a module can do the job. For a service without a container and
 * a site, the flow has no steps.
 */
export function agentFlow(
  method: string,
  { guest, site }: Pick<ServiceView, 'guest' | 'site'>,
): JobFlow | undefined {
  const make = Object.hasOwn(FLOWS, method) ? FLOWS[method] : undefined;
  if (!make) return undefined;
  return onlySteps(
    make(),
    ({ concerns }) => (guest && OF_GUEST.includes(concerns)) || (site && OF_SITE.includes(concerns)) || false,
  );
}
