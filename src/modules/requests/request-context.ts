/** Makes the context of a handler, in the process of the module. */
import { moduleFunctions, moduleLogger } from '../../jobs/engine/module-functions.js';
import { renderOf } from '../../jobs/engine/module-texts.js';
import type { Outside } from '../../jobs/engine/step-context.js';
import type { Collections } from '../kit/collection-types.js';
import { type HostFunctions, hostFunctions } from '../kit/host-calls.js';
import type { Module } from '../kit/module.js';
import type { Actor, RequestContext } from '../kit/request.js';
import type { Translate } from '../kit/translate.js';
import type { RequestCall } from './messages.js';

interface Around extends Pick<Outside, 'ask' | 'log'> {
  readonly t: Translate;
  readonly signal: AbortSignal;
  /** Names the request in calls and log lines. */
  readonly step: string;
}

export async function requestContext(
  call: RequestCall,
  module: Module,
  { t, signal, step, ask, log }: Around,
): Promise<RequestContext> {
  const calls = hostFunctions((name, args) => ask(step, name, args));
  const { info } = module;
  return {
    ...moduleFunctions(calls, {
      ...{ t, log: moduleLogger((level, message, fields) => log(level, step, message, fields)) },
      render: () => renderOf(call, t),
    }),
    ...{ info, signal, settings: call.settings, instance: call.instance },
    module: { type: info.type, name: info.name, version: info.version },
    actor: call.actor && actorOf(call.actor),
    // the documentation of the context says that it is undefined without a declaration
    collections: (await collectionsFor(module, calls)) as Collections,
  };
}

function actorOf({ id, name, keys }: NonNullable<RequestCall['actor']>): Actor {
  return { id, name, can: (key) => keys.includes(key) };
}

async function collectionsFor(module: Module, calls: HostFunctions): Promise<Collections | undefined> {
  if (!module.collections) return undefined;
  const { collectionsOf } = await import('../kit/collections.js');
  return collectionsOf(module)(calls.collections);
}
