/** How the embedded servers ask whether an injected fault strikes now. */
import type { Fault } from '../world.js';

type Kind = Exclude<Fault['kind'], { readonly delayMs: number }>;

export interface Strikes {
  /** What hits this request; one of its `times` is used up. */
  strike(
    target: Fault['target'],
    at: { readonly method?: string; readonly path?: string },
  ): { readonly delayMs: number; readonly kind: Kind | undefined };
  /** True when a new connection is to be refused. */
  refuses(target: Fault['target']): boolean;
}

export const noStrikes: Strikes = {
  strike: () => ({ delayMs: 0, kind: undefined }),
  refuses: () => false,
};
