/** The secrets of a service, to which the code of its module refers by name. */
import { AgentError } from '../../kernel/errors.js';
import { Secret } from '../../kernel/secret.js';
import type { Service } from '../../model/service.js';
import type { SecretRef } from '../../modules/kit/host-call-types.js';
import { unusable } from '../engine/bounded-call.js';
import type { Journal } from '../engine/journal.js';
import type { CallerSecrets } from './module-calls.js';

/** A document with more secrets would become large and slow to write. */
const MOST_SECRETS = 64;

export function serviceSecrets(journal: Pick<Journal<Service>, 'subject' | 'changeSubject'>): CallerSecrets {
  return {
    find: async (name) => secretIn(await journal.subject(), name),
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

/** The values, with each reference to a secret replaced by that secret of the service. */
export function resolved(
  service: Service,
  values: Readonly<Record<string, string | SecretRef>>,
): Record<string, string | Secret> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]): [string, string | Secret] => {
      if (typeof value === 'string') return [key, value];
      const secret = secretIn(service, value.secret);
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

function secretIn({ secrets }: Service, name: string): Secret | undefined {
  return Object.hasOwn(secrets, name) ? secrets[name] : undefined;
}
