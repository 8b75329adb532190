/**
 * The calls that the code of every module can make (`modules/kit/module-calls.ts`), as the kinds of subjects see them.
 * They know the caller only by this interface, so that every kind of subject can offer them.
 */
import type { Logger } from 'pino';
import type { Secret } from '../../kernel/secret.js';
import type { ServiceKey } from '../../model/service.js';

/** The secrets to which the code of a module may refer. */
export interface CallerSecrets {
  /** Undefined if there is no secret with this name. */
  find(name: string): Promise<Secret | undefined>;
  /**
   * Sets the secret with this name to what `fn` returns for its present value. If that is the same value, nothing is
   * written. The secret is durable when the promise resolves.
   */
  change(name: string, fn: (current: Secret | undefined) => Secret): Promise<void>;
}

/** The code that makes a call. */
export interface ModuleCaller {
  readonly module: { readonly type: string; readonly name: string };
  /** The service that the code works on; null if it works on something else. */
  readonly service: ServiceKey | null;
  readonly secrets: CallerSecrets;
  /** Aborts when the caller's job is stopped or exceeds its time limit. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/**
 * Performs a call of the code of any module. Throws `module_failed` for an unknown name, and for arguments that do not
 * match the schema of the call.
 */
export type ModuleCalls = (caller: ModuleCaller, name: string, args: readonly unknown[]) => Promise<unknown>;
