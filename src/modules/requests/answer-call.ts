/**
 * Answers the calls of code that handles a request: the calls that all modules can make, and the calls to the module's
 * collections. A request has no steps and no service, so it cannot change containers or sites.
 */
import type { Logger } from 'pino';
import type { Json } from '../../kernel/json.js';
import { serviceCallCheck } from '../../jobs/effects/call-check.js';
import type { CollectionAccess } from '../../jobs/effects/collection-access.js';
import { isFieldRef, secretOfField } from '../../jobs/effects/collection-secrets.js';
import { carryOutCollectionCall, isCollectionCall } from '../../jobs/effects/collection-table.js';
import type { CallerSecrets, ModuleCaller, ModuleCalls } from '../../jobs/effects/module-calls.js';
import { secretNamed } from '../../jobs/effects/service-secrets.js';
import { boundedCall, isForJournal, unusable } from '../../jobs/engine/bounded-call.js';
import type { Call } from '../../jobs/engine/protocol.js';
import type { ServiceStore } from '../../state/contract.js';

export interface CallAnswererDeps {
  readonly moduleCalls: ModuleCalls;
  readonly collections: CollectionAccess;
  readonly services: Pick<ServiceStore, 'find'>;
  /** The secrets of an instance, by its id, or of the module if that is null. */
  readonly secretsOf: (module: ModuleCaller['module'], instance: string | null) => CallerSecrets;
}

export interface RequestCaller {
  readonly module: ModuleCaller['module'];
  readonly instance: string | null;
  readonly log: Logger;
}

export type CallAnswerer = (caller: RequestCaller) => (call: Call, signal: AbortSignal) => Promise<Json>;

export function callAnswerer(deps: CallAnswererDeps): CallAnswerer {
  const check = serviceCallCheck();
  return ({ module, instance, log }) => {
    const secrets = withCollections(deps, module, deps.secretsOf(module, instance));
    return async (raw, signal) => {
      const call = boundedCall(raw);
      if (isForJournal(call)) throw unusable(`${call.name} is not possible in a request, which has no steps`);
      const { name, args } = call;
      if (isCollectionCall(name)) {
        check(name, args);
        const { services, collections } = deps;
        const caller = { module, services, collections, service: null };
        const secretOf = (ref: { secret: string }) => secretNamed(secrets, ref);
        return asJson(await carryOutCollectionCall({ ...caller, secretOf }, name, args));
      }
      return asJson(await deps.moduleCalls({ module, service: null, secrets, signal, log }, name, args));
    };
  };
}

/** Every result in the tables of calls is plain data or undefined. */
function asJson(answer: unknown): Json {
  return (answer ?? null) as Json;
}

function withCollections(
  { collections }: Pick<CallAnswererDeps, 'collections'>,
  module: ModuleCaller['module'],
  own: CallerSecrets,
): CallerSecrets {
  return {
    find: async (name) =>
      isFieldRef({ secret: name }) ? secretOfField(collections, module, { secret: name }) : own.find(name),
    change: (name, fn) => own.change(name, fn),
  };
}
