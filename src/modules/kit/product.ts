/** A Product module defines a kind of service: how one is created and changed. */
import type { Part } from '../../model/part.js';
import type { ContainerSource } from './values.js';
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
   * The source of new containers with these settings; placement checks that it exists before an order is accepted.
   * Undefined without the part `guest`.
   */
  source(_settings: Readonly<Record<string, unknown>>): ContainerSource | undefined {
    return undefined;
  }

  /**
   * Why the product cannot keep an owner's e-mail address unchanged: the end of a sentence that begins with "email".
   * Undefined when it can. Called before an order or a change of owner is accepted; a site that changed the address
   * would send password resets to another mailbox.
   */
  emailProblem(_address: string): string | undefined {
    return undefined;
  }

  /**
   * Path and query at the site's own name that log in the administrator, once the flow `loginLinkJob` has prepared
   * the link in the site. Undefined when the product does not support log-in links.
   */
  loginPath(_id: string, _token: string): string | undefined {
    return undefined;
  }

  /** Undefined when the product needs no template with these settings. */
  template(_settings: Readonly<Record<string, unknown>>): TemplateRecipe | undefined {
    return undefined;
  }
}
