/**
 * Describes a shared schema once: a schema with a `title` moves to the components of the document, and a reference
 * replaces it. Routes keep complete schemas, because validators and serializers are compiled from them.
 */
import { isNode, type Node, nodeIn, textIn } from './node.js';

/** Annotations that only this folder uses. The published document does not contain them. */
export const NOTES = ['x-example', 'x-all-of', 'x-any-of', 'x-here'] as const;

/** `components.schemas`, filled by `shared`. */
export type Components = Map<string, Node>;

/** Returns the schema with references instead of its shared parts. */
export function shared(schema: Node, components: Components): Node {
  const base = schema['x-all-of'];
  if (isNode(base)) return allOf(schema, base, components);
  const kinds = schema['x-any-of'];
  if (Array.isArray(kinds)) return anyOf(schema, kinds, components);
  const title = textIn(schema, 'title');
  if (title === undefined) return withoutNotes(eachPart(schema, components));
  if (!components.has(title)) {
    // reserve the name first, because the schema may contain a reference to itself
    components.set(title, {});
    components.set(title, component(schema, components));
  }
  const reference = { $ref: `#/components/schemas/${title}` };
  const here = nodeIn(schema, 'x-here');
  return mayBeNull(schema) ? { anyOf: [reference, { type: 'null' }], ...here } : { ...reference, ...here };
}

/** Returns the shared schema without those properties that have different values in the routes that use it. */
function component(schema: Node, components: Components): Node {
  const { title: _, ...rest } = withoutNotes(eachPart(schema, components));
  const { type } = rest;
  return Array.isArray(type) ? { ...rest, type: type.filter((one) => one !== 'null')[0] } : rest;
}

/** A response that consists of a shared schema and `success`. */
function allOf(schema: Node, base: Node, components: Components): Node {
  const own = nodeIn(schema, 'properties');
  const inherited = nodeIn(base, 'properties');
  const properties = Object.fromEntries(Object.entries(own).filter(([name]) => !(name in inherited)));
  const required = requiredOf(schema).filter((name) => name in properties);
  const rest = shared({ type: 'object', properties, required }, components);
  return { description: schema['description'], allOf: [shared(base, components), rest] };
}

/** A choice between several shared schemas. */
function anyOf(schema: Node, kinds: readonly unknown[], components: Components): Node {
  const { description, examples } = schema;
  return { description, examples, anyOf: kinds.map((kind) => partOf(kind, components)) };
}

function requiredOf(schema: Node): string[] {
  const { required } = schema;
  return Array.isArray(required) ? required.filter((name) => typeof name === 'string') : [];
}

function eachPart(schema: Node, components: Components): Node {
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]): [string, unknown] => {
      if (key === 'properties' && isNode(value))
        return [
          key,
          Object.fromEntries(Object.entries(value).map(([name, part]) => [name, partOf(part, components)])),
        ];
      if (key === 'items' || key === 'additionalProperties') return [key, partOf(value, components)];
      if ((key === 'anyOf' || key === 'allOf') && Array.isArray(value))
        return [key, value.map((part: unknown) => partOf(part, components))];
      return [key, value];
    }),
  );
}

function partOf(part: unknown, components: Components): unknown {
  return isNode(part) ? shared(part, components) : part;
}

function mayBeNull({ type }: Node): boolean {
  return Array.isArray(type) && type.includes('null');
}

function withoutNotes(schema: Node): Node {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !NOTES.some((note) => note === key)));
}
