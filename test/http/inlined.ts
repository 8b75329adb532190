/** A part of an OpenAPI document with what it refers to in the references' places, and `allOf` put together. */
import { fields } from './harness.js';

export function inlined(part: unknown, document: Record<string, unknown>): unknown {
  if (Array.isArray(part)) return part.map((one: unknown) => inlined(one, document));
  if (typeof part !== 'object' || part === null) return part;
  const { $ref, ...rest }: Record<string, unknown> = fields(part);
  const own = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [key, key === 'example' ? value : inlined(value, document)]),
  );
  const here = typeof $ref === 'string' ? { ...fields(inlined(at($ref, document), document)), ...own } : own;
  const { allOf, ...merged } = here;
  return Array.isArray(allOf) ? { ...together(allOf.map(fields)), ...merged } : here;
}

export function at(reference: string, document: Record<string, unknown>): unknown {
  return reference
    .replace(/^#\//, '')
    .split('/')
    .reduce<unknown>((node, name) => fields(node)[name], document);
}

function together(parts: readonly Record<string, unknown>[]): Record<string, unknown> {
  return {
    type: 'object',
    properties: Object.fromEntries(parts.flatMap(({ properties }) => Object.entries(fields(properties)))),
    required: parts.flatMap(({ required }): unknown[] => (Array.isArray(required) ? required : [])),
  };
}
