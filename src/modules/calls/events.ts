/** Lets modules announce events of their own. */
import type { JsonObject } from '../../kernel/json.js';
import type { ServiceStore } from '../../state/contract.js';
import type { ModuleCall } from './call.js';

export interface EventCallDeps {
  readonly services: Pick<ServiceStore, 'entry'>;
  readonly emitEvent: (event: {
    readonly module: { readonly type: string; readonly name: string };
    readonly word: string;
    readonly data: JsonObject;
    readonly service: { readonly panel: string; readonly id: string; readonly generation: number } | null;
  }) => Promise<{ readonly id: string }>;
}

export function eventEmitting({ services, emitEvent }: EventCallDeps): ModuleCall<'events.emit'> {
  return async ({ module: { type, name }, service: key }, word, data = {}) => {
    const entry = key === null ? undefined : services.entry(key);
    const service = entry ? { panel: entry.panel, id: entry.id, generation: entry.generation } : null;
    return emitEvent({ module: { type, name }, word, data, service });
  };
}
