/** A Product module says what a service is: how one is made and, in later life, changed. */
import type { Part } from '../../model/part.js';
import type { ContainerSource } from './values.js';
import { type JobFlow, Module } from './module.js';

/** How `innkeeper template build` makes this product's golden template inside a fresh container. */
export interface TemplateRecipe {
  /** Name (hostname) the finished template gets; what `ContainerSource.template` refers to. */
  readonly name: string;
  /** Scripts run in order inside a container made from the OS template. */
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
   * What a service of it consists of beside what every service has. With `guest` it gets a container number and
   * addresses, with `site` a name, DNS records and a proxy host; calls about a part that it lacks are refused
   * (`not_supported`).
   */
  readonly parts: readonly Part[] = [];

  /**
   * Where new containers come from, by these settings; placement looks for it before anything is accepted. Undefined
   * without the part `guest`.
   */
  source(_settings: Readonly<Record<string, unknown>>): ContainerSource | undefined {
    return undefined;
  }

  /**
   * Why the product cannot hold an owner's e-mail address exactly as it is: the end of a sentence that begins with
   * "email". Undefined when it can. Asked before an order or a change of owner is accepted; a site that changes the
   * address would send password resets to somebody else.
   */
  emailProblem(_address: string): string | undefined {
    return undefined;
  }

  /**
   * Path and query at the site's own name that log the administrator in, once the flow `loginLinkJob` has told the site
   * of the link. Undefined when the product has no such links.
   */
  loginPath(_id: string, _token: string): string | undefined {
    return undefined;
  }

  /** Undefined when the product needs no template by these settings. */
  template(_settings: Readonly<Record<string, unknown>>): TemplateRecipe | undefined {
    return undefined;
  }
}
