/** The modules whose tasks run. */
import type { JsonObject } from '../kernel/json.js';
import type { DeclaredWork } from '../modules/kit/declarations.js';

export interface ActiveModule {
  readonly info: { readonly type: string; readonly name: string; readonly version: string };
  readonly declared: { readonly work: DeclaredWork };
  readonly settings: JsonObject;
}

/** The daemon passes this in, because the list of modules is in a higher layer. It may change at any time. */
export interface ActiveModules {
  list(): readonly ActiveModule[];
  find(type: string, name: string): ActiveModule | undefined;
}
