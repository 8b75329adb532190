/** The contexts in which the code of a product works with a server. */
import type { JsonObject } from '../../kernel/json.js';
import type { Plan } from '../../model/plan.js';
import type { ModuleFunctions, ServiceView, StepContext } from './context.js';
import type { ServerView } from './server-types.js';

/** The context in which a connection to a server is tested. */
export interface ServerContext extends ModuleFunctions {
  readonly server: ServerView;
  readonly settings: JsonObject;
  /** Aborted at the time limit. */
  readonly signal: AbortSignal;
  sleep(ms: number): Promise<void>;
}

/** The context in which the account of a service is inspected. Nothing can be changed in it. */
export interface InspectContext extends ServerContext {
  readonly service: ServiceView;
  /** The plan of the service. */
  readonly plan: Plan;
}

/** The context of a step of a service with an account on a server. */
export interface RemoteContext extends StepContext {
  readonly server: ServerView;
}
