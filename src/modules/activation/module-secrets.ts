/** The secrets of a module: those of its settings, and those that its code has stored outside of services. */
import type { Secret } from '../../kernel/secret.js';
import type { ModuleRecord } from '../../model/module-record.js';
import type { CollectionAccess } from '../../jobs/effects/collection-access.js';
import { isFieldRef, secretOfField } from '../../jobs/effects/collection-secrets.js';
import type { CallerSecrets } from '../../jobs/effects/module-calls.js';
import { isSettingName } from '../../jobs/effects/setting-secrets.js';
import { unusable } from '../../jobs/engine/bounded-call.js';
import type { ModuleRecords } from './module-records.js';

/** A document with more secrets would become large and slow to write. */
const MOST_SECRETS = 256;

/** Also finds the encrypted fields of documents of the module. */
export function moduleSecrets(
  records: Pick<ModuleRecords, 'get' | 'commit'>,
  id: string,
  collections: CollectionAccess,
): CallerSecrets {
  return {
    async find(name) {
      const record = records.get(id);
      const ref = { secret: name };
      return isFieldRef(ref) ? secretOfField(collections, record, ref) : secretIn(record, name);
    },
    async change(name, fn) {
      if (isSettingName(name)) throw unusable(`${name} is a setting, which only the operator can change`);
      await records.commit(id, (record) => {
        const current = secretIn(record, name);
        const next = fn(current);
        if (next === current) return { value: record, result: undefined };
        if (current === undefined && Object.keys(record.secrets).length >= MOST_SECRETS)
          throw unusable(`the module has ${MOST_SECRETS} secrets already`);
        return { value: { ...record, secrets: { ...record.secrets, [name]: next } }, result: undefined };
      });
    },
  };
}

export function secretIn({ secrets }: Pick<ModuleRecord, 'secrets'>, name: string): Secret | undefined {
  return Object.hasOwn(secrets, name) ? secrets[name] : undefined;
}
