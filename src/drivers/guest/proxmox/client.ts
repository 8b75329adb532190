/**
 * Combines the typed paths of the library proxmox-api with our own transport. The library's own transport is not used,
 * because it sends POST requests again after a failure and hides broken responses.
 */
import proxmoxApi, { type ApiRequestable, type Proxmox } from 'proxmox-api';
import type { Method, ParamValue, Transport } from './transport.js';

/** Paths that the types of proxmox-api lack, because these types describe PVE 8.1. */
interface NewerPaths {
  readonly cluster: {
    readonly ha: {
      readonly rules: {
        $get(): Promise<unknown>;
        $post(params: HaRule & { readonly rule: string }): Promise<null>;
        $(rule: string): {
          $get(): Promise<unknown>;
          $put(params: HaRule): Promise<null>;
          $delete(): Promise<null>;
        };
      };
    };
  };
}

/** A node-affinity rule; lists are comma-separated. */
export interface HaRule {
  readonly type: 'node-affinity';
  readonly resources: string;
  readonly nodes: string;
  readonly comment: string;
}

export type PveApi = Proxmox.Api & NewerPaths;

const METHODS: Readonly<Record<string, Method>> = { get: 'GET', post: 'POST', put: 'PUT', delete: 'DELETE' };

/**
 * Returns the API for one caller. Every request ends when the caller's signal aborts. Never print the returned
 * object, because it is a recursive proxy.
 */
export function pveApi(transport: Transport, signal: AbortSignal): PveApi {
  const engine: ApiRequestable = {
    doRequest(httpMethod, path, _template, params) {
      const method = METHODS[httpMethod.toLowerCase()];
      if (method === undefined) throw new RangeError(`not a method of the API: ${httpMethod}`);
      const checked: Record<string, ParamValue> = {};
      for (const [name, value] of Object.entries<unknown>(params ?? {}))
        checked[name] = paramValue(name, value);
      return transport.request(method, path, checked, signal);
    },
  };
  return proxmoxApi(engine) as PveApi;
}

function paramValue(name: string, value: unknown): ParamValue {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  throw new RangeError(`parameter "${name}" has a type that the API does not know`);
}

/** Encodes a path segment: proxmox-api itself escapes only `/`. */
export function segment(text: string): string {
  return encodeURIComponent(text);
}
