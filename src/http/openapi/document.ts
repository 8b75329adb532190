/**
 * Completes the OpenAPI document that @fastify/swagger creates from the routes: adds shared schemas, examples,
 * headers and error responses.
 */
import type { ErrorCode } from '../../kernel/errors.js';
import { FailureBody } from '../schemas/common.js';
import { type Components, shared } from './components.js';
import { exampleOf } from './example.js';
import { codesOf, failedAnswers, takesKey } from './failures.js';
import { goodHeaders, headerParameters, HEADERS, PARAMETERS } from './headers.js';
import { listIn, type Node, nodeIn, nodesIn, textIn } from './node.js';

/** Properties of a route that @fastify/swagger does not read. */
export interface RouteFacts {
  readonly method: string;
  readonly url: string;
  readonly failures: readonly ErrorCode[];
  readonly prefers: boolean;
}

/** `facts` is indexed by operationId. */
export function completeDocument(document: Node, facts: ReadonlyMap<string, RouteFacts>): Node {
  const components: Components = new Map();
  const responses = new Map<string, Node>();
  shared({ ...FailureBody }, components);
  const paths = eachNode(nodeIn(document, 'paths'), (item) =>
    eachNode(item, (operation) => {
      const known = facts.get(textIn(operation, 'operationId') ?? '');
      if (!known) throw new Error(`${textIn(operation, 'summary') ?? ''} has no operationId`);
      return complete(operation, known, components, responses);
    }),
  );
  return {
    ...document,
    paths,
    components: {
      ...nodeIn(document, 'components'),
      schemas: sorted(components),
      responses: sorted(responses),
      headers: HEADERS,
      parameters: PARAMETERS,
    },
  };
}

function complete(
  operation: Node,
  { method, url, failures, prefers }: RouteFacts,
  components: Components,
  responses: Map<string, Node>,
): Node {
  const headers = { prefers, takesKey: takesKey(method, url) };
  const good = eachNode(nodeIn(operation, 'responses'), (response) => ({
    ...withContent(response, components),
    headers: goodHeaders(headers),
  }));
  const failed = failedAnswers(codesOf({ method, url, failures }), responses);
  const body = nodeIn(operation, 'requestBody');
  return {
    ...operation,
    parameters: [...listIn(operation, 'parameters'), ...headerParameters(headers)],
    ...('content' in body ? { requestBody: withContent(body, components) } : {}),
    responses: { ...good, ...failed },
  };
}

/** Adds the example to JSON content, and replaces shared schemas with references. */
function withContent(part: Node, components: Components): Node {
  const content = eachNode(nodeIn(part, 'content'), (media) => {
    const schema = nodeIn(media, 'schema');
    const example = 'example' in media ? media['example'] : exampleOf(schema);
    return { schema: shared(schema, components), ...(example === undefined ? {} : { example }) };
  });
  return { ...part, content };
}

function eachNode(node: Node, change: (value: Node) => Node): Node {
  return { ...node, ...Object.fromEntries(nodesIn(node).map(([name, value]) => [name, change(value)])) };
}

function sorted(found: ReadonlyMap<string, Node>): Node {
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}
