/** The secrets to which code that handles a request of an instance may refer. */
import { AgentError } from '../../kernel/errors.js';
import type { Secret } from '../../kernel/secret.js';
import type { CallerSecrets } from '../../jobs/effects/module-calls.js';
import { isSettingName } from '../../jobs/effects/setting-secrets.js';
import { unusable } from '../../jobs/engine/bounded-call.js';
import type { State } from '../../state/contract.js';

const MOST_SECRETS = 64;

/** `ofModule`: the secrets of the module, which include those of its settings. */
export function instanceSecrets(
  instances: State['instances'],
  id: string,
  ofModule: Pick<CallerSecrets, 'find'>,
): CallerSecrets {
  return {
    find: async (name) =>
      isSettingName(name) ? ofModule.find(name) : secretIn(instances.find(id)?.secrets ?? {}, name),
    async change(name, fn) {
      await instances.commit(id, (instance) => {
        if (!instance)
          throw new AgentError('instance_not_found', 'There is no channel or gateway with this ID.');
        const { secrets } = instance;
        const current = secretIn(secrets, name);
        const next = fn(current);
        if (next === current) return instance;
        if (current === undefined && Object.keys(secrets).length >= MOST_SECRETS)
          throw unusable(`the instance has ${MOST_SECRETS} secrets already`);
        return { ...instance, secrets: { ...secrets, [name]: next } };
      });
    },
  };
}

function secretIn(secrets: Readonly<Record<string, Secret>>, name: string): Secret | undefined {
  return Object.hasOwn(secrets, name) ? secrets[name] : undefined;
}
