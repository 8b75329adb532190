/**
 * Generates secrets and inserts their values. The main thread does this, so that module code knows only the names of
 * secrets and never their values.
 */
import { randomInt } from 'node:crypto';
import { AgentError } from '../../kernel/errors.js';
import { Secret } from '../../kernel/secret.js';
import type { Service } from '../../model/service.js';
import type { SecretRef } from '../../modules/kit/host-call-types.js';
import type { EffectOf } from './effect.js';

/** The letters and digits of secrets, without those that are easily confused. */
const ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789';
const DEFAULT_LENGTH = 24;
const NAME = /^[a-z][a-z0-9_]{0,39}$/;

export const ensure: EffectOf<'secrets.ensure'> = async ({ journal }, name, length = DEFAULT_LENGTH) => {
  if (!NAME.test(name) || !Number.isInteger(length) || length < 12 || length > 128) {
    throw new AgentError('module_failed', 'The product requested an invalid secret.', {
      retryable: false,
      detail: `${name} (${length})`,
    });
  }
  await journal.changeSubject((service) =>
    service.secrets[name]
      ? service
      : { ...service, secrets: { ...service.secrets, [name]: new Secret(random(length)) } },
  );
  return { secret: name };
};

/** The values, with each reference to a secret replaced by that secret of the service. */
export function resolved(
  service: Service,
  values: Readonly<Record<string, string | SecretRef>>,
): Record<string, string | Secret> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]): [string, string | Secret] => {
      if (typeof value === 'string') return [key, value];
      const secret = service.secrets[value.secret];
      if (!secret) {
        throw new AgentError('module_failed', 'The product used a secret that does not exist.', {
          retryable: false,
          detail: value.secret,
        });
      }
      return [key, secret];
    }),
  );
}

function random(length: number): string {
  return Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
}
