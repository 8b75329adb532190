/** The parts that the calls of this folder have in common. */
import { AgentError } from '../../kernel/errors.js';
import type { Secret } from '../../kernel/secret.js';
import type { ModuleCaller } from '../../jobs/effects/module-calls.js';
import type { SecretRef } from '../kit/host-call-types.js';
import type { HostCallAnswer, HostCallArgs, ModuleCallName } from '../kit/host-calls.js';
import type { Text } from '../kit/module-call-types.js';

/** The implementation of a call. Its arguments match the schema of the call. */
export type ModuleCall<N extends ModuleCallName> = (
  caller: ModuleCaller,
  ...args: HostCallArgs<N>
) => Promise<HostCallAnswer<N>>;

/** `product/shop` */
export function moduleNameOf({ module: { type, name } }: Pick<ModuleCaller, 'module'>): string {
  return `${type}/${name}`;
}

/** The secret to which the module refers. Throws `module_failed` if it does not exist. */
export async function secretOf(caller: ModuleCaller, { secret: name }: SecretRef): Promise<Secret> {
  const secret = await caller.secrets.find(name);
  if (secret) return secret;
  throw new AgentError('module_failed', 'The module used a secret that does not exist.', {
    retryable: false,
    detail: name,
  });
}

/**
 * The text, or the clear text of the secret. The result must not be logged, returned to the module, or become part of
 * an error.
 */
export async function clearTextOf(caller: ModuleCaller, text: Text): Promise<string> {
  return typeof text === 'string' ? text : (await secretOf(caller, text)).reveal();
}

/** The error for a call that can never succeed because of its arguments. */
export function refused(message: string, detail: string): AgentError {
  return new AgentError('module_failed', message, { retryable: false, detail });
}
