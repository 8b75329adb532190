/** The secrets of a service, to which the code of its module refers by name. */
import { AgentError } from '../../kernel/errors.js';
import type { Secret } from '../../kernel/secret.js';
import type { Service } from '../../model/service.js';
import type { SecretRef } from '../../modules/kit/host-call-types.js';
import { unusable } from '../engine/bounded-call.js';
import { isFieldRef, secretOfField } from './collection-secrets.js';
import type { Effect } from './effect.js';
import type { CallerSecrets } from './module-calls.js';

/** A document with more secrets would become large and slow to write. */
const MOST_SECRETS = 64;

interface SecretEffect {
  readonly journal: Pick<Effect['journal'], 'job' | 'subject' | 'changeSubject'>;
  readonly deps: Pick<Effect['deps'], 'collections'>;
}

/** Also finds the encrypted fields of documents of the module. */
export function serviceSecrets({ journal, deps }: SecretEffect): CallerSecrets {
  return {
    async find(name) {
      const ref = { secret: name };
      if (!isFieldRef(ref)) return secretIn(await journal.subject(), name);
      return secretOfField(deps.collections, (await journal.job()).pinned.module, ref);
    },
    async change(name, fn) {
      await journal.changeSubject((service) => {
        const current = secretIn(service, name);
        const next = fn(current);
        if (next === current) return service;
        if (current === undefined && Object.keys(service.secrets).length >= MOST_SECRETS)
          throw unusable(`the service has ${MOST_SECRETS} secrets already`);
        return { ...service, secrets: { ...service.secrets, [name]: next } };
      });
    },
  };
}

/** The values, with each reference replaced by the secret. */
export async function resolved(
  effect: SecretEffect,
  values: Readonly<Record<string, string | SecretRef>>,
): Promise<Record<string, string | Secret>> {
  const secrets = serviceSecrets(effect);
  const found: [string, string | Secret][] = [];
  for (const [key, value] of Object.entries(values))
    found.push([key, typeof value === 'string' ? value : await secretNamed(secrets, value)]);
  return Object.fromEntries(found);
}

/** Throws `module_failed` if the secret does not exist. */
export async function secretNamed(secrets: CallerSecrets, { secret: name }: SecretRef): Promise<Secret> {
  const found = await secrets.find(name);
  if (found) return found;
  throw new AgentError('module_failed', 'The product used a secret that does not exist.', {
    retryable: false,
    detail: name,
  });
}

function secretIn({ secrets }: Service, name: string): Secret | undefined {
  return Object.hasOwn(secrets, name) ? secrets[name] : undefined;
}
