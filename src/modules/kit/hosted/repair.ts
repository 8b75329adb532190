/**
 * Repairs drift by changing the remote systems to match the service's document. The present document decides, because
 * the finding may be out of date.
 */
import type { StepContext } from '../context.js';
import type { JobFlow } from '../module.js';
import { guestOf } from '../parts.js';
import { frontState, GRACE_S, type Hooks } from './hooks.js';

export const repair = (hooks: Hooks): JobFlow => ({
  resources: {
    concerns: 'container',
    timeoutS: 900,
    run: ifWanted('resources', (context) => context.container.converge(hooks.source(context))),
  },
  power: { after: ['resources'], concerns: 'container', timeoutS: 300, run: ifWanted('power', settlePower) },
  ha: { after: ['power'], concerns: 'ha', timeoutS: 120, run: ifWanted('ha', putUnderHa) },
  dns: { concerns: 'dns', timeoutS: 120, run: ifWanted('dns', (context) => context.dns.ensure()) },
  proxy: {
    concerns: 'proxy',
    timeoutS: 120,
    run: ifWanted('proxy', (context) =>
      context.proxy.ensure({ state: frontState(context), port: hooks.port(context) }),
    ),
  },
});

type Work = (context: StepContext) => Promise<{ running: boolean } | void>;

const ifWanted =
  (part: string, work: Work): Work =>
  async (context) => {
    const { parts } = context.args;
    return Array.isArray(parts) && parts.includes(part) ? work(context) : undefined;
  };

/**
 * Starts or stops the container to match the service's record. If the customer has stopped the site after the
 * comparison, it stays stopped.
 */
async function settlePower({ service, container }: StepContext): Promise<{ running: boolean } | void> {
  if (service.suspendedFor.length > 0) return container.stop(GRACE_S);
  if (guestOf(service).power !== 'running') return;
  await container.start();
  return { running: true };
}

/** Adds the container to HA only if it should run, because HA starts a container that is added. */
async function putUnderHa({ service, ha }: StepContext): Promise<void> {
  if (service.suspendedFor.length === 0 && guestOf(service).power === 'running') await ha.ensure();
}
