/** A Product module says what a service is: how one is made and, in later life, changed. */
import type { ContainerSource } from './context.js';
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

  /** Where new containers come from, by these settings; placement looks for it before anything is accepted. */
  abstract source(settings: Readonly<Record<string, unknown>>): ContainerSource;

  /** Undefined when the product needs no template by these settings. */
  template(_settings: Readonly<Record<string, unknown>>): TemplateRecipe | undefined {
    return undefined;
  }
}
