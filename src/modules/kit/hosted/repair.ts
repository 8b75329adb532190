/**
 * Repairs drift by bringing the systems to the present state of the document; the document counts, not the finding.
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

/** A stop by the customer after the comparison is respected. */
async function settlePower({ service, container }: StepContext): Promise<{ running: boolean } | void> {
  if (service.suspendedFor.length > 0) return container.stop(GRACE_S);
  if (guestOf(service).power !== 'running') return;
  await container.start();
  return { running: true };
}

/** HA starts a container when it gets it. */
async function putUnderHa({ service, ha }: StepContext): Promise<void> {
  if (service.suspendedFor.length === 0 && guestOf(service).power === 'running') await ha.ensure();
}
