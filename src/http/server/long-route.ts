/**
 * `longRoute({...})`: an endpoint whose lists grow with the number of services. The response is written in parts, so
 * that other requests can run in between.
 */
import type { FastifySchema } from 'fastify';
import type { Static, TArray, TProperties, TSchema, TUnknown } from 'typebox';
import type { Rest } from '../../kernel/async/slices.js';
import { success } from '../schemas/common.js';
import { addressOf, type Call, callOf, type Endpoint, schemaOf } from './endpoint.js';
import { listWriter, sendJson } from './long-list.js';
import type { Route, RouteContext } from './route.js';

/** The fields of the response. Lists may be generated while they are written. */
type Long<A extends TProperties> = {
  readonly [K in keyof A]: A[K] extends TArray<infer I> ? Iterable<Static<I>> : Static<A[K]>;
};

interface LongEndpoint<
  A extends TProperties,
  P extends TSchema,
  Q extends TSchema,
  B extends TSchema,
> extends Pick<
  Endpoint<A, P, Q, B>,
  | 'call'
  | 'id'
  | 'tag'
  | 'summary'
  | 'description'
  | 'failures'
  | 'params'
  | 'query'
  | 'body'
  | 'answer'
  | 'bodyLimit'
> {
  /** Describes when this response is sent. */
  readonly done: string;
  /** `rest` must be called between two parts of the work, so that other requests can run. */
  readonly handle: (call: Call<P, Q, B>, context: RouteContext, rest: Rest) => Promise<Long<A>>;
}

export function longRoute<
  A extends TProperties,
  P extends TSchema = TUnknown,
  Q extends TSchema = TUnknown,
  B extends TSchema = TUnknown,
>(endpoint: LongEndpoint<A, P, Q, B>): Route {
  const { answer, done, bodyLimit, handle } = endpoint;
  const schema: FastifySchema = schemaOf(endpoint, { 200: success(answer, done) });
  return (app, context) => {
    const write = answerWriter(answer.properties);
    app.route({
      ...addressOf(endpoint),
      schema,
      ...(bodyLimit === undefined ? {} : { bodyLimit: bodyLimit(context) }),
      handler: async (request, reply): Promise<void> => {
        const rest = context.mainThread.restFor(request);
        const fields = await handle(callOf<P, Q, B>(request, reply), context, rest);
        await sendJson(reply, await write(fields, rest));
      },
    });
  };
}

/** Writes the complete response as JSON text. Lists are written item by item. */
function answerWriter(schemas: TProperties): (fields: object, rest: Rest) => Promise<string> {
  const lists = new Map(Object.entries(schemas).flatMap(([name, schema]) => writersOf(name, schema)));
  return async (fields, rest) => {
    const parts = ['"success":true'];
    for (const [name, value] of Object.entries(fields)) {
      const text = (await lists.get(name)?.(value as Iterable<unknown>, rest)) ?? JSON.stringify(value);
      parts.push(`${JSON.stringify(name)}:${text}`);
    }
    return `{${parts.join(',')}}`;
  };
}

function writersOf(name: string, schema: TSchema): [string, ReturnType<typeof listWriter<TSchema>>][] {
  return 'items' in schema ? [[name, listWriter(schema.items as TSchema)]] : [];
}
