/** The context of a handler, for tests of plugins, notification and payment modules. */
import type { JsonObject } from '../../../kernel/json.js';
import type { Module } from '../../kit/module.js';
import type { InstanceContext } from '../../kit/notification.js';
import type { Actor, InstanceView, ModuleRequest } from '../../kit/request.js';
import { fakeService, type FakeService } from './fake-service.js';
import type { FakeOptions } from './options.js';

export interface FakeRequestOptions extends FakeOptions {
  /** The channel or gateway that the request concerns. */
  readonly instance?: { readonly id?: string; readonly name?: string; readonly data?: JsonObject };
  /** The permissions of the caller. Default: all. */
  readonly permissions?: readonly string[];
}

export interface FakeRequest {
  readonly context: InstanceContext;
  /** A `GET` without a body, for tests to change. */
  readonly request: ModuleRequest;
  /** The simulated agent, with everything that the handler has changed. */
  readonly service: FakeService;
}

/**
 * @example
 * const { context, request } = fakeRequest(plugin);
 * const { json } = await plugin.listNotes(context, { ...request, query: { page: '2' } });
 */
export function fakeRequest(module: Module, options: FakeRequestOptions = {}): FakeRequest {
  const service = fakeService(options);
  const { type, name, version } = module.info;
  const { permissions } = options;
  const instance: InstanceView = { id: 'default', name: 'default', data: {}, ...options.instance };
  const actor: Actor = { id: 't1', name: 'test', can: (key) => permissions?.includes(key) ?? true };
  return {
    context: {
      ...service.context(module),
      module: { type, name, version },
      info: module.info,
      instance,
      actor,
    },
    request: {
      ...{ method: 'GET', path: '', params: {}, query: {}, headers: {}, input: null },
      ...{ body: new Uint8Array(), text: '' },
    },
    service,
  };
}
