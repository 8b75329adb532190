/**
 * Checks parameters against schemas in Proxmox's format: our own declarations, and the schemas that Proxmox publishes
 * if they are available. The error messages are those of Proxmox.
 */
import { FORMATS } from './formats.js';

export interface Property {
  readonly type?: string;
  readonly optional?: number | boolean;
  /** A pattern in Perl syntax with `(?^:...)` groups, which the whole value must match. */
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly enum?: readonly string[];
  /** The name of a format in FORMATS, or the parts of a property string. */
  readonly format?: string | Readonly<Record<string, Property>>;
  readonly requires?: string;
  /** The key of a part of a property string that has no `key=`. */
  readonly default_key?: number | boolean;
}

export type Properties = Readonly<Record<string, Property>>;
export type Complaints = Record<string, string>;

const NUMBERED: Readonly<Record<string, number>> = { net: 32, mp: 256, dev: 256, unused: 256 };
export const UNKNOWN =
  'property is not defined in schema and the schema does not allow additional properties';

/** Finds a property by name, including numbered properties (`net[n]`). */
function propertyOf(properties: Properties, name: string): Property | undefined {
  if (Object.hasOwn(properties, name)) return properties[name];
  const [, stem = '', digits = ''] = /^([a-z]+)(0|[1-9]\d{0,2})$/.exec(name) ?? [];
  const count = NUMBERED[stem];
  return count !== undefined && Number(digits) < count ? properties[`${stem}[n]`] : undefined;
}

/**
 * Converts a Perl pattern to a JavaScript pattern. In Perl, `(?^:...)` resets the flags; this prefix can be removed
 * because the patterns have no flags. `(?^i:` makes the whole pattern case-insensitive.
 */
export function perlPattern(source: string): RegExp {
  const flags = source.includes('(?^i:') ? 'i' : '';
  return new RegExp(`^(?:${source.replaceAll(/\(\?\^i?:/g, '(?:')})$`, flags);
}

export function checkAll(properties: Properties, values: Readonly<Record<string, string>>): Complaints {
  const complaints: Complaints = {};
  checkObject(properties, values, '', complaints);
  return complaints;
}

function checkObject(
  properties: Properties,
  values: Readonly<Record<string, string>>,
  prefix: string,
  complaints: Complaints,
): void {
  for (const [name, value] of Object.entries(values)) {
    const property = propertyOf(properties, name);
    if (!property) {
      complaints[prefix + name] = UNKNOWN;
      continue;
    }
    const complaint = checkValue(property, value, prefix + name);
    if (complaint !== undefined) complaints[prefix + name] = complaint;
    if (property.requires !== undefined && values[property.requires] === undefined) {
      complaints[prefix + property.requires] = `missing property - '${prefix + name}' requires this property`;
    }
  }
  for (const [name, property] of Object.entries(properties)) {
    if (Boolean(property.optional) || name.endsWith('[n]') || values[name] !== undefined) continue;
    complaints[prefix + name] = 'property is missing and it is not optional';
  }
}

function checkValue(property: Property, value: string, path: string): string | undefined {
  const { type = 'string' } = property;
  if (!typeFits(type, value)) return `type check ('${type}') failed - got '${value}'`;
  return checkFormat(property.format, value, path) ?? checkBounds(property, value);
}

function typeFits(type: string, value: string): boolean {
  if (type === 'integer') return /^[+-]?\d+$/.test(value);
  if (type === 'number') return /^[+-]?\d*\.?\d+(?:[eE][+-]?\d+)?$/.test(value);
  if (type === 'boolean') return /^(?:0|1)$/.test(value);
  return true;
}

function checkBounds(property: Property, value: string): string | undefined {
  const { pattern, minimum, maximum, minLength, maxLength } = property;
  if (maxLength !== undefined && value.length > maxLength)
    return `value may only be ${maxLength} characters long`;
  if (minLength !== undefined && value.length < minLength)
    return `value must be at least ${minLength} characters long`;
  if (pattern !== undefined && !perlPattern(pattern).test(value))
    return 'value does not match the regex pattern';
  if (maximum !== undefined && Number(value) > maximum)
    return `value must have a maximum value of ${maximum}`;
  if (minimum !== undefined && Number(value) < minimum)
    return `value must have a minimum value of ${minimum}`;
  if (property.enum !== undefined && !property.enum.includes(value))
    return `value '${value}' does not have a value in the enumeration '${property.enum.join(', ')}'`;
  return undefined;
}

function checkFormat(format: Property['format'], value: string, path: string): string | undefined {
  if (format === undefined) return undefined;
  if (typeof format === 'string') {
    const complaint = FORMATS[format]?.(value);
    return complaint === undefined ? undefined : `invalid format - ${complaint}\n`;
  }
  const inner: Complaints = {};
  try {
    checkObject(format, parsePropertyString(format, value), `${path}.`, inner);
  } catch (error) {
    return `invalid format - ${error instanceof Error ? error.message : String(error)}\n`;
  }
  const lines = Object.entries(inner).map(([name, complaint]) => `${name}: ${complaint}`);
  return lines.length === 0 ? undefined : `invalid format - format error\n${lines.join('\n')}\n`;
}

/** Parses `local:8,size=8G` to {volume: 'local:8', size: '8G'}. Throws an Error with Proxmox's message. */
export function parsePropertyString(format: Properties, text: string): Record<string, string> {
  const defaultKey = Object.entries(format).find(([, part]) => Boolean(part.default_key))?.[0];
  const values: Record<string, string> = {};
  for (const part of text.split(',')) {
    if (part.trim() === '') continue;
    const [, key, value] = /^([^=]+)=(.+)$/.exec(part) ?? [];
    const name = key ?? defaultKey;
    if (name === undefined) throw new Error('value without key, but schema does not define a default key');
    if (values[name] !== undefined)
      throw new Error(`duplicate key in comma-separated list property: ${name}`);
    values[name] = value ?? part;
  }
  return values;
}
