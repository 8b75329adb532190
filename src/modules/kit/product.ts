/** A Product module defines a kind of service and the flows that create and change such a service. */
import type { OwnerEmailRule } from '../../model/owner-email.js';
import type { Part } from '../../model/part.js';
import type { ContainerSource } from './host-call-types.js';
import { type JobFlow, Module } from './module.js';

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

export abstract class Product extends Module {
  abstract createJob(): JobFlow;

  /**
   * The optional parts that the product's services have. A service with the part `guest` gets a container number and
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
