/** Every call a worker may make besides the journal's, and what answers it. */
import type { HostCallName } from '../engine/protocol.js';
import * as container from './container.js';
import type { Effect, EffectOf } from './effect.js';
import * as front from './front.js';
import * as snapshots from './snapshots.js';
import * as secrets from './secrets.js';

export type JournalCall = 'flow.declare' | 'step.begin' | 'step.note' | 'step.end';
export type EffectName = Exclude<HostCallName, JournalCall>;

const saveData: EffectOf<'data.save'> = async ({ journal }, { values }) => {
  await journal.changeService((service) => ({ ...service, data: { ...service.data, ...values } }));
  return null;
};

export const EFFECTS: { readonly [N in EffectName]: EffectOf<N> } = {
  'container.allocate': container.allocate,
  'container.ensure': container.ensure,
  'container.start': container.start,
  'container.run': container.run,
  'container.look': container.look,
  'container.stop': container.stop,
  'container.resize': container.resize,
  'container.converge': container.converge,
  'plan.check': container.checkPlan,
  'container.snapshot': snapshots.take,
  'container.unsnapshot': snapshots.remove,
  'container.rollback': snapshots.rollback,
  'container.remove': container.remove,
  'ha.ensure': container.ensureHa,
  'ha.remove': container.removeHa,
  'dns.ensure': front.ensureDns,
  'dns.remove': front.removeDns,
  'proxy.ensure': front.ensureProxy,
  'proxy.remove': front.removeProxy,
  'site.fetch': front.fetchSite,
  'secret.ensure': secrets.ensure,
  'data.save': saveData,
};

export type { Effect };
