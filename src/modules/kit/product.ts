/** A Product module defines a kind of service: how one is created and changed. */
import type { OwnerEmailRule } from '../../model/owner-email.js';
import type { Part } from '../../model/part.js';
import type { ContainerSource } from './host-call-types.js';
import { type JobFlow, Module } from './module.js';

/** How `innkeeper template build` makes this product's golden template inside a fresh container. */
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
   * The optional parts of its services. With `guest` a service gets a container number and addresses, with `site` a
   * name, DNS records and a proxy host; requests about a missing part are refused (`not_supported`).
   */
  readonly parts: readonly Part[] = [];

  /**
   * The source of new containers with these settings. It is called once for each version and settings; placement checks
   * that the source exists before an order is accepted. Undefined without the part `guest`.
   */
  source(_settings: Readonly<Record<string, unknown>>): ContainerSource | undefined {
    return undefined;
  }

  /**
   * Which e-mail addresses of an owner the product keeps unchanged; others are refused before an order or a change of
   * owner is accepted. Default: all of them.
   */
  readonly ownerEmail?: OwnerEmailRule;

  /**
   * Path and query at the site's own name that log in the administrator, once the flow `loginLinkJob` has prepared
   * the link in the site. `{id}` and `{token}` are filled in: `/login.php?id={id}&token={token}`. Default: the product
   * does not support log-in links.
   */
  readonly loginPath?: string;

  /** Called once for each version and settings. Undefined when the product needs no template with these settings. */
  template(_settings: Readonly<Record<string, unknown>>): TemplateRecipe | undefined {
    return undefined;
  }
}
