/** How a call to the main thread is declared (`host-calls.ts`, `module-calls.ts`). */

/** Describes a call for the type checker only. At run time a call is represented by its name. */
export interface HostCall<Args extends unknown[], Answer> {
  readonly args?: Args;
  readonly answer?: Answer;
}

export const call = <Args extends unknown[] = [], Answer = void>(): HostCall<Args, Answer> => ({});
