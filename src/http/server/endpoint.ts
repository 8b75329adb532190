/** One endpoint as data: its address, what it takes and answers, the errors it knows, and the function that answers. */
import type { FastifyReply, FastifyRequest, FastifySchema } from 'fastify';
import type { Static, TObject, TProperties, TSchema, TUnknown } from 'typebox';
import type { ErrorCode } from '../../kernel/errors.js';
import type { Caller } from '../../model/caller.js';
import { callerOf } from '../guards/auth.js';
import type { Tag } from '../openapi/tags.js';
import { success } from '../schemas/common.js';
import type { Route, RouteContext } from './route.js';

declare module 'fastify' {
  interface FastifySchema {
    /** Errors of its own; openapi/failures.ts adds those that any call of its kind can meet. */
    failures?: readonly ErrorCode[];
    /** It heeds the header `Prefer`. */
    prefers?: boolean;
  }
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** Schemas of a request's parts. A property's `examples` make up the example of the call. */
interface Takes<P extends TSchema, Q extends TSchema, B extends TSchema> {
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
}

export interface Described {
  /** As http/guards/access.ts lists it: `POST /create-site`. */
  readonly call: `${Method} /${string}`;
  /** Names the call in generated clients: `createSite`. */
  readonly id: string;
  readonly tag: Tag;
  /** A few words, the verb first: `Create a site`. */
  readonly summary: string;
  readonly description?: string;
  /** Errors of its own; openapi/failures.ts adds those that any call of its kind can meet. */
  readonly failures?: readonly ErrorCode[];
}

/** A call as its endpoint's function sees it: checked by the schemas. */
export interface Call<P extends TSchema, Q extends TSchema, B extends TSchema> {
  readonly params: Static<P>;
  readonly query: Static<Q>;
  readonly body: Static<B>;
  /** Throws `unauthorized` where the route needs no token. */
  readonly caller: Caller;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** HTTP status -> when it is answered; with an object also what is truer of that answer than the fields' examples. */
type Answers = Readonly<Record<number, string | { readonly when: string; readonly example: object }>>;

export interface Endpoint<A extends TProperties, P extends TSchema, Q extends TSchema, B extends TSchema>
  extends Described, Takes<P, Q, B> {
  /** The fields beside `success`. */
  readonly answer: TObject<A>;
  /** The only one is sent by itself; of several `handle` chooses, with 200 unless it says otherwise. */
  readonly answers: Answers;
  readonly prefers?: boolean;
  /** Of the body, when it may be larger than others. */
  readonly bodyLimit?: (context: RouteContext) => number;
  /** False where a HEAD would do something without showing it. */
  readonly head?: false;
  readonly handle: (
    call: Call<P, Q, B>,
    context: RouteContext,
  ) => Static<TObject<A>> | Promise<Static<TObject<A>>>;
}

/** An endpoint that answers `{"success": true, ...}`. */
export function jsonRoute<
  A extends TProperties,
  P extends TSchema = TUnknown,
  Q extends TSchema = TUnknown,
  B extends TSchema = TUnknown,
>(endpoint: Endpoint<A, P, Q, B>): Route {
  const { answer, answers, handle, bodyLimit, head } = endpoint;
  const statuses = Object.keys(answers).map(Number);
  const [only = 200] = statuses;
  const response = Object.fromEntries(
    Object.entries(answers).map(([status, said]) =>
      typeof said === 'string'
        ? [status, success(answer, said)]
        : [status, success(answer, said.when, { ...said.example })],
    ),
  );
  const schema: FastifySchema = schemaOf(endpoint, response);
  return (app, context) => {
    app.route({
      ...addressOf(endpoint),
      schema,
      ...(bodyLimit === undefined ? {} : { bodyLimit: bodyLimit(context) }),
      ...(head === undefined ? {} : { exposeHeadRoute: head }),
      handler: async (request, reply) => {
        if (statuses.length === 1) void reply.code(only);
        return { success: true, ...(await handle(callOf<P, Q, B>(request, reply), context)) };
      },
    });
  };
}

/** `{method, url}` as fastify registers it. */
export function addressOf({ call }: Pick<Described, 'call'>): { method: Method; url: string } {
  const at = call.indexOf(' ');
  const method = (['GET', 'POST', 'PATCH', 'DELETE'] as const).find((one) => one === call.slice(0, at));
  if (!method) throw new Error(`${call} has no method`);
  return { method, url: call.slice(at + 1) };
}

/** What fastify's types are worked out from. A part that the call does not take is not there. */
interface RouteSchema<P, Q, B, R> extends FastifySchema {
  readonly params: P;
  readonly querystring: Q;
  readonly body: B;
  readonly response: R;
}

/** The schema of a route, also of one whose answer is not JSON. */
export function schemaOf<
  R extends object,
  P extends TSchema = TUnknown,
  Q extends TSchema = TUnknown,
  B extends TSchema = TUnknown,
>(
  endpoint: Described & Takes<P, Q, B> & { readonly prefers?: boolean },
  response: R,
): RouteSchema<P, Q, B, R> {
  const { id, tag, summary, description, params, query, body, failures = [], prefers } = endpoint;
  const schema: FastifySchema = {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(params === undefined ? {} : { params }),
    ...(query === undefined ? {} : { querystring: query }),
    ...(body === undefined ? {} : { body }),
    response,
    failures,
    ...(prefers === undefined ? {} : { prefers }),
  };
  return schema as RouteSchema<P, Q, B, R>;
}

export function callOf<P extends TSchema, Q extends TSchema, B extends TSchema>(
  request: FastifyRequest,
  reply: FastifyReply,
): Call<P, Q, B> {
  return {
    // what the validator has let through is what the schemas say
    params: request.params as Static<P>,
    query: request.query as Static<Q>,
    body: request.body as Static<B>,
    request,
    reply,
    get caller() {
      return callerOf(request);
    },
  };
}
