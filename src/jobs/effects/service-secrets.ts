/** The secrets of a service, to which the code of its module refers by name. */
import { AgentError } from '../../kernel/errors.js';
import type { Secret } from '../../kernel/secret.js';
import type { Service } from '../../model/service.js';
import type { Server } from '../../model/server.js';
import type { DocumentStore } from '../../state/contract.js';
import type { SecretRef } from '../../modules/kit/host-call-types.js';
import { unusable } from '../engine/bounded-call.js';
import { isFieldRef, secretOfField } from './collection-secrets.js';
import type { CallingModule, CollectionAccess } from './collection-access.js';
import type { Effect } from './effect.js';
import type { CallerSecrets } from './module-calls.js';
import { credentialIn, isCredentialName } from './servers.js';
import { isSettingName } from './setting-secrets.js';

/** A document with more secrets would become large and slow to write. */
const MOST_SECRETS = 64;

interface SecretEffect {
  readonly journal: Pick<Effect['journal'], 'job' | 'subject' | 'changeSubject'>;
  readonly deps: Pick<Effect['deps'], 'collections' | 'servers' | 'settingSecret'>;
}

/** The service whose secrets the code uses, and the module whose collections may contain further secrets. */
export interface SecretsPlace {
  readonly collections: CollectionAccess;
  readonly module: CallingModule;
  /** Finds the server of the service, to whose credentials the code may refer. */
  readonly servers: Pick<DocumentStore<Server>, 'find'>;
  /** The present value of a secret among the settings of a module. */
  readonly settingSecret: Effect['deps']['settingSecret'];
  read(): Promise<Service>;
  /** Durable when the promise resolves. */
  change(fn: (service: Service) => Service): Promise<void>;
}

export function serviceSecrets({ journal, deps }: SecretEffect): CallerSecrets {
  return {
    async find(name) {
      const { module } = (await journal.job()).pinned;
      return secretsIn(placeOf(journal, deps, module)).find(name);
    },
    async change(name, fn) {
      const { module } = (await journal.job()).pinned;
      await secretsIn(placeOf(journal, deps, module)).change(name, fn);
    },
  };
}

function placeOf(
  journal: SecretEffect['journal'],
  { collections, servers, settingSecret }: SecretEffect['deps'],
  module: CallingModule,
): SecretsPlace {
  return {
    ...{ collections, servers, settingSecret, module },
    read: () => journal.subject(),
    async change(fn) {
      await journal.changeSubject(fn);
    },
  };
}

/** Also finds the encrypted fields of documents of the module, and the credentials of the service's server. */
export function secretsIn(place: SecretsPlace): CallerSecrets {
  const { collections, module, settingSecret } = place;
  return {
    async find(name) {
      if (isSettingName(name)) return settingSecret?.(module, name);
      const ref = { secret: name };
      if (isCredentialName(name)) {
        const { server } = await place.read();
        return credentialIn(server ? place.servers.find(server.id) : undefined, name);
      }
      return isFieldRef(ref) ? secretOfField(collections, module, ref) : secretIn(await place.read(), name);
    },
    async change(name, fn) {
      if (isSettingName(name)) throw unusable(`${name} is a setting, which only the operator can change`);
      await place.change((service) => {
        const current = secretIn(service, name);
        const next = fn(current);
        if (next === current) return service;
        if (current === undefined && Object.keys(service.secrets).length >= MOST_SECRETS)
          throw unusable(`the service already has ${MOST_SECRETS} secrets, which is the limit`);
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
