/** How the embedded servers ask whether an injected fault strikes now. */
import type { Fault } from '../world.js';

/** The kind of the first fault that matches (one of its `times` is used up), or undefined. */
export type Strike = (target: Fault['target'], method: string, path: string) => Fault['kind'] | undefined;

export const noFaults: Strike = () => undefined;
