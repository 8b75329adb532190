/**
 * Checks every request against the schemas that Proxmox publishes, if a folder with these schemas is available. They
 * are not part of this repository, because Proxmox owns them.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkAll, type Complaints, type Properties, type Property } from './check.js';
import { isFields } from '../../kernel/is-fields.js';

export interface Violation {
  /** The file name of the schema. */
  readonly schema: string;
  readonly method: string;
  readonly path: string;
  readonly errors: Readonly<Record<string, string>>;
}

export interface PublishedSchema {
  /** Returns the problems of this request, checked against every release that has the path of the request. */
  check(method: string, path: string, values: Readonly<Record<string, string>>): Violation[];
}

type Dictionary = Readonly<Record<string, unknown>>;

const entriesOf = (value: unknown): [string, unknown][] => (isFields(value) ? Object.entries(value) : []);

function readProperties(value: unknown): Properties {
  return Object.fromEntries(entriesOf(value).map(([name, property]) => [name, readProperty(property)]));
}

function readProperty(value: unknown): Property {
  const read: Record<string, unknown> = {};
  for (const [key, content] of entriesOf(value)) {
    if (['type', 'pattern', 'requires'].includes(key) && typeof content === 'string') read[key] = content;
    if (['minimum', 'maximum', 'minLength', 'maxLength'].includes(key) && !Number.isNaN(Number(content)))
      read[key] = Number(content);
    if (key === 'optional' || key === 'default_key') read[key] = Number(content) === 1;
    if (key === 'enum' && Array.isArray(content)) read[key] = content.map(String);
    if (key === 'format') read[key] = typeof content === 'string' ? content : readProperties(content);
  }
  return read;
}

interface Method {
  readonly expression: RegExp;
  readonly names: readonly string[];
  readonly info: Dictionary;
  readonly template: string;
}

/** Compares releases by number, so that 9.10 comes after 9.9. */
function newest(files: readonly string[], major: string): string | undefined {
  const fitting = files.filter((file) => file.startsWith(`pve-${major}.`) && file.endsWith('.json'));
  return fitting.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
}

function loadMethods(file: string): Method[] {
  const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return entriesOf(parsed).flatMap(([template, info]) =>
    isFields(info)
      ? {
          template,
          info,
          names: [...template.matchAll(/\{([^}]+)\}/g)].map(([, name = '']) => name),
          expression: new RegExp(`^${template.replaceAll(/\{[^}]+\}/g, '([^/]+)')}$`),
        }
      : [],
  );
}

function checkOne(
  methods: readonly Method[],
  method: string,
  path: string,
  values: Readonly<Record<string, string>>,
): Complaints | 'unknown path' {
  const fitting = methods
    .filter(({ expression }) => expression.test(path))
    .sort((a, b) => a.names.length - b.names.length)[0];
  if (!fitting) return 'unknown path';
  const info = fitting.info[method];
  if (!isFields(info)) return { '': `Method '${method} ${fitting.template}' not implemented` };
  const parameters = isFields(info['parameters']) ? info['parameters'] : {};
  const found = fitting.expression.exec(path) ?? [];
  const named = fitting.names.map((name, index): [string, string] => [
    name,
    decodeURIComponent(found[index + 1] ?? ''),
  ]);
  return checkAll(readProperties(parameters['properties']), { ...values, ...Object.fromEntries(named) });
}

/** Reads the schemas. Throws if the folder contains none, because every request would otherwise pass unchecked. */
export function loadSchema(folder: string): PublishedSchema {
  const files = readdirSync(folder);
  const newestNine = newest(files, '9');
  const newestEight = newest(files, '8');
  if (newestNine === undefined) throw new Error(`no pve-9.*.json in ${folder}`);
  const releases = [newestNine, ...(newestEight === undefined ? [] : [newestEight])].map((file) => ({
    schema: file,
    methods: loadMethods(join(folder, file)),
  }));
  return {
    check(method, path, values) {
      const violations: Violation[] = [];
      const answers = releases.map(({ schema, methods }) => ({
        schema,
        errors: checkOne(methods, method, path, values),
      }));
      for (const { schema, errors } of answers) {
        if (errors !== 'unknown path' && Object.keys(errors).length > 0)
          violations.push({ schema, method, path, errors });
      }
      if (answers.every(({ errors }) => errors === 'unknown path'))
        violations.push({ schema: newestNine, method, path, errors: { '': 'no such path' } });
      return violations;
    },
  };
}
