/** The settings of modules that operators set through the API. Secrets among them are stored encrypted. */
import { isDeepStrictEqual } from 'node:util';
import { KeyedLock } from '../../kernel/async/keyed-lock.js';
import { AgentError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import { Secret } from '../../kernel/secret.js';
import { cleaned } from '../../kernel/text.js';
import { dataCheck } from '../../model/data-check.js';
import { type DataSchema, fieldsOf, secretFields } from '../../model/data-schema.js';
import type { ModuleSettings, SettingsView } from '../../model/module-operations.js';
import type { ModuleId, ModuleRecord, StoredSettings } from '../../model/module-record.js';
import { MASK } from '../../model/service-data.js';
import { isSettingName, settingName } from '../../jobs/effects/setting-secrets.js';
import type { DiscoveredModule } from '../discovery/discover.js';
import type { LiveModules } from '../live-modules.js';
import type { ModuleRecords } from './module-records.js';

export interface ModuleSettingsDeps {
  readonly records: ModuleRecords;
  readonly live: LiveModules;
  readonly configured: (module: ModuleId) => JsonObject;
  /** Reads versions of a module with the settings of this record. */
  readonly readWith: (
    record: StoredSettings,
    versions: readonly DiscoveredModule[],
  ) => Promise<DiscoveredModule[]>;
}

const LONGEST_SECRET = 16_384;

export function moduleSettings(deps: ModuleSettingsDeps): ModuleSettings {
  const { records, live, configured, readWith } = deps;
  const turns = new KeyedLock();
  const read = (module: ModuleId): SettingsView => {
    const { schema, settings } = known(deps, module);
    const secret = secretFields(schema);
    const shown = Object.entries(settings).map(([name, value]): [string, Json] => [
      name,
      secret.includes(name) ? MASK : value,
    ]);
    return {
      settings: Object.fromEntries(shown),
      configured: Object.keys(configured(module)),
      own: Object.keys(records.find(module)?.settings ?? {}),
    };
  };
  const replace = async (module: ModuleId, given: JsonObject): Promise<SettingsView> => {
    const { schema, one } = known(deps, module);
    const before = records.find(module);
    const next = stored(schema, given, configured(module), before?.secrets ?? {});
    const found = live.found(module);
    const versions = found && found !== one ? [one, found] : [one];
    const candidate = { type: module.type, name: module.name, settings: next.settings };
    const [checked, ...others] = await readWith(candidate, versions);
    refuse(problemsIn(checked));
    await records.change(module, (current) => ({
      ...current,
      settings: next.settings,
      secrets: { ...ownSecrets(current), ...next.secrets },
    }));
    live.put([...(checked ? [checked] : []), ...others]);
    return read(module);
  };
  return {
    read,
    replace: (module, given) => turns.run(`${module.type}/${module.name}`, () => replace(module, given)),
  };
}

interface Known {
  readonly one: DiscoveredModule;
  readonly schema: DataSchema;
  readonly settings: JsonObject;
}

function known({ live }: ModuleSettingsDeps, { type, name }: ModuleId): Known {
  const chosen = live.chosen().find(({ one }) => one.type === type && one.name === name);
  if (!chosen) throw new AgentError('module_not_found', 'There is no such module.');
  const { read, problem } = chosen.one;
  if (read) return { one: chosen.one, schema: read.declared.settingsSchema, settings: read.settings };
  throw new AgentError('module_unusable', 'The code of the module cannot be read.', {
    detail: problem ?? '',
  });
}

/** The settings as the record stores them. Throws `invalid_request`. */
function stored(
  schema: DataSchema,
  given: JsonObject,
  configured: JsonObject,
  present: ModuleRecord['secrets'],
): { readonly settings: JsonObject; readonly secrets: Readonly<Record<string, Secret>> } {
  const settings: Record<string, Json> = {};
  const secrets: Record<string, Secret> = {};
  const problems: Record<string, string> = {};
  const secret = secretFields(schema);
  for (const [field, value] of Object.entries(given)) {
    const name = settingName(field);
    if (Object.hasOwn(configured, field)) {
      // a client may send back everything that it has read
      if (value !== MASK && !isDeepStrictEqual(value, configured[field]))
        problems[field] = 'is set in the configuration, and can be changed only there';
    } else if (value === null) continue;
    else if (!secret.includes(field)) settings[field] = value;
    else {
      const kept = value === MASK ? present[name] : undefined;
      const problem = kept ? undefined : secretProblem(schema, field, value);
      if (problem !== undefined) problems[field] = problem;
      else {
        settings[field] = { secret: name };
        secrets[name] = kept ?? new Secret(typeof value === 'string' ? value : JSON.stringify(value));
      }
    }
  }
  refuse(problems);
  return { settings, secrets };
}

function secretProblem(schema: DataSchema, field: string, value: Json): string | undefined {
  if (typeof value !== 'string') return 'must be a text';
  if (value === MASK) return 'has no value yet that could be kept';
  if (value.length > LONGEST_SECRET) return `must not be longer than ${LONGEST_SECRET} characters`;
  try {
    const check = dataCheck({ type: 'object', properties: { [field]: fieldsOf(schema)[field] } });
    return check({ [field]: value }).problems[field];
  } catch {
    // settings may use parts of JSON Schema that the check of data refuses
    return undefined;
  }
}

/** By field. The problems of other authors' modules name the whole section of the configuration. */
function problemsIn(module: DiscoveredModule | undefined): Record<string, string> {
  if (!module?.read)
    throw new AgentError('module_unusable', 'The code of the module cannot be read.', {
      detail: module?.problem ?? '',
    });
  return Object.fromEntries(
    module.read.problems.map(({ key, problem }) => [
      key.split('.').slice(2).join('.') || 'settings',
      cleaned(problem),
    ]),
  );
}

function refuse(problems: Readonly<Record<string, string>>): void {
  const fields = Object.entries(problems).map(([field, problem]) => [`settings.${field}`, problem] as const);
  if (fields.length === 0) return;
  const [[field, problem] = ['settings', 'is invalid']] = fields;
  throw new AgentError('invalid_request', `${field} ${problem}.`, { fields: Object.fromEntries(fields) });
}

/** The secrets that the code of the module has stored. */
function ownSecrets({ secrets }: ModuleRecord): Record<string, Secret> {
  return Object.fromEntries(Object.entries(secrets).filter(([name]) => !isSettingName(name)));
}
