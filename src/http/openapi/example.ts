/** Builds the example of a body or a response from the examples of its fields. */
import { isNode, listIn, type Node, nodeIn, nodesIn } from './node.js';

/**
 * Returns undefined if a schema has no example. The example of a list contains one item. The example of an object
 * contains all required fields, and those optional fields that have an example. Throws if a required field of an
 * object has no example, because an invented value would be misleading.
 */
export function exampleOf(schema: Node): unknown {
  const [own] = [...listIn(nodeIn(schema, 'x-here'), 'examples'), ...listIn(schema, 'examples')];
  if (own !== undefined) return own;
  if ('const' in schema) return schema['const'];
  if (isNode(schema['items'])) return listOf(schema['items']);
  if (!isNode(schema['properties'])) return undefined;
  return { ...objectOf(schema), ...nodeIn(schema, 'x-example') };
}

function listOf(items: Node): unknown[] | undefined {
  const item = exampleOf(items);
  return item === undefined ? undefined : [item];
}

function objectOf(schema: Node): Node {
  const required = listIn(schema, 'required');
  const fields: [string, unknown][] = [];
  for (const [name, property] of nodesIn(nodeIn(schema, 'properties'))) {
    const value = exampleOf(property);
    if (value !== undefined) fields.push([name, value]);
    else if (required.includes(name)) throw new Error(`the field ${name} has no example`);
  }
  return Object.fromEntries(fields);
}
