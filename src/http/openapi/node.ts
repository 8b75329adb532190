/** A part of an OpenAPI document or of a schema that has fields. */
export interface Node {
  readonly [name: string]: unknown;
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns the node in a field, or an empty node if the field does not contain one. */
export function nodeIn(node: Node, name: string): Node {
  const value = node[name];
  return isNode(value) ? value : {};
}

/** Returns the fields of a node whose values are nodes, by name. */
export function nodesIn(node: Node): [string, Node][] {
  return Object.entries(node).filter((entry): entry is [string, Node] => isNode(entry[1]));
}

export function textIn(node: Node, name: string): string | undefined {
  const value = node[name];
  return typeof value === 'string' ? value : undefined;
}

export function listIn(node: Node, name: string): readonly unknown[] {
  const value = node[name];
  return Array.isArray(value) ? value : [];
}
