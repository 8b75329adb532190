/** A Product module defines a kind of service and the flows that create and change such a service. */
import type { JsonObject } from '../../kernel/json.js';
import type { OwnerEmailRule } from '../../model/owner-email.js';
import type { CommonOption } from '../../model/plan-option.js';
import type { Part } from '../../model/part.js';
import type { ModuleAction } from './action.js';
import type { ContainerSource } from './host-call-types.js';
import { type JobFlow, Module } from './module.js';
import type { Schema } from './schema.js';
import type { InspectContext, ServerContext } from './server-contexts.js';
import type { Inspection, ServerUse } from './server-types.js';

/** Describes how `innkeeper template build` makes this product's golden template from a new container. */
export interface TemplateRecipe {
  /** Name (hostname) of the finished template, which `ContainerSource.template` refers to. */
  readonly name: string;
  /** Scripts that run in this order in a container created from the OS template. */
  readonly scripts: readonly { readonly name: string; readonly body: string; readonly timeoutS: number }[];
  readonly resources: {
    readonly cores: number;
    readonly memoryMb: number;
    readonly swapMb: number;
    readonly diskGb: number;
  };
}

/**
 * The result of a check. Nothing, or `data`: the data is valid; `data` replaces it. `errors`: the problem of each
 * invalid field, such as `{quota_gb: 'must be less than 100'}`.
 */
export type CheckResult =
  undefined | { readonly data?: JsonObject; readonly errors?: Readonly<Record<string, string>> };

/**
 * The smallest and largest value of the sizes of plans: `memory_mb` in MiB, `disk_gb` in GiB, `cores`. Also limits the
 * options of plans.
 */
export type PlanLimits = Readonly<Partial<Record<CommonOption, readonly [min: number, max: number]>>>;

export abstract class Product extends Module {
  abstract createJob(): JobFlow;

  /** The sizes of plans that the product can be sold with. Default: all. */
  readonly planLimits?: PlanLimits;

  /**
   * JSON Schema of the product data: the values that a plan of this product holds, such as a quota. The type must be
   * `object`, and the schema must not contain references. Default: plans of the product have no data.
   */
  readonly productData?: Schema;

  /**
   * Checks rules about product data that a schema cannot express. The agent calls this when it reads a plan, in a
   * separate process without access to services. A thrown AgentError refuses the plan with its code and message.
   */
  checkProduct?(data: JsonObject): CheckResult | Promise<CheckResult>;

  /**
   * JSON Schema of the data of a service: the properties of an order, and everything that `saveData` stores. Fields
   * with `secret: true` are stored encrypted, and flows get references to them, which scripts accept as values. Fields
   * with `changeable: true` can be changed later (`PATCH /services/{id}`). `transform: ['trim', 'toLowerCase']` changes
   * a text before it is checked. Default: the properties of an order are stored as they are.
   */
  readonly serviceData?: Schema;

  /**
   * Checks rules about the data of a service that a schema cannot express. `product` is the product data of the plan.
   * The agent calls this when it accepts an order, in a separate process and for at most 2 seconds. If the check does
   * not end, the order is accepted, and the first step of the creation repeats the check.
   */
  checkService?(data: JsonObject, product: JsonObject): CheckResult | Promise<CheckResult>;

  /**
   * The optional parts that the product's services have. A service with the part `guest` gets a VMID and
   * addresses. A service with the part `site` gets a name, DNS records and a proxy host. Requests that need a part
   * which the product does not have are refused (`not_supported`).
   */
  readonly parts: readonly Part[] = [];

  /**
   * Returns the source of new containers with these settings. The agent calls this once for each version and settings,
   * and checks that the source exists before it accepts an order. Must return undefined if the product does not have
   * the part `guest`.
   */
  source(_settings: Readonly<Record<string, unknown>>): ContainerSource | undefined {
    return undefined;
  }

  /**
   * Declares that the product creates accounts on servers. The operator adds the servers
   * (`/modules/product/<product>/servers`), and each service gets one of them. Default: the product uses no servers.
   */
  readonly servers?: ServerUse;

  /**
   * Checks that a server responds and accepts the credentials. Throws if it does not. The result is a sentence for
   * operators. The agent calls this for `POST /modules/product/<product>/servers/{id}/test`.
   */
  testConnection?(context: ServerContext): Promise<string | void>;

  /**
   * Reads the state of the account of a service. The agent calls this regularly, at most 4 times at once for each
   * server. It must change nothing. A server that does not respond must be an error, not `exists: false`.
   */
  inspect?(context: InspectContext): Promise<Inspection>;

  /**
   * The product's own actions, by name (lower-case letters, digits and hyphens). `POST /services/{id}/actions/{name}`
   * starts a durable job of the kind `module:product/<product>:<name>`. Default: none.
   */
  readonly actions?: Readonly<Record<string, ModuleAction>>;

  /**
   * Describes the e-mail addresses of an owner that the product keeps unchanged. The agent refuses an order or a change
   * of owner with any other address. Default: every address.
   */
  readonly ownerEmail?: OwnerEmailRule;

  /**
   * Path and query of a URL of the site that logs in the administrator. The flow `loginLinkJob` must have prepared the
   * link in the site. The agent replaces `{id}` and `{token}`, for example in `/login.php?id={id}&token={token}`.
   * Default: the product does not support log-in links.
   */
  readonly loginPath?: string;

  /**
   * Returns the recipe of the golden template; undefined when the product needs no template with these settings. The
   * agent calls this once for each version and settings.
   */
  template(_settings: Readonly<Record<string, unknown>>): TemplateRecipe | undefined {
    return undefined;
  }
}
