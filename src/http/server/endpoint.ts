/** One endpoint as data: its address, its parameters and responses, its errors, and its handler. */
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
    /** The errors of this endpoint. openapi/failures.ts adds the errors that all endpoints of its kind share. */
    failures?: readonly ErrorCode[];
    /** The endpoint supports the header `Prefer`. */
    prefers?: boolean;
  }
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/**
 * The schemas of the path parameters, the query and the body. The `examples` of the properties are combined to the
 * example of the request.
 */
interface Takes<P extends TSchema, Q extends TSchema, B extends TSchema> {
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
}

export interface Described {
  /** Method and path as in http/guards/access.ts, such as `POST /create-site`. */
  readonly call: `${Method} /${string}`;
  /** The name of the operation in generated clients, such as `createSite`. */
  readonly id: string;
  readonly tag: Tag;
  /** A short summary that starts with a verb, such as `Create a site`. */
  readonly summary: string;
  readonly description?: string;
  /** The errors of this endpoint. openapi/failures.ts adds the errors that all endpoints of its kind share. */
  readonly failures?: readonly ErrorCode[];
}

/** A request that was validated against the schemas of the endpoint, as passed to the handler. */
export interface Call<P extends TSchema, Q extends TSchema, B extends TSchema> {
  readonly params: Static<P>;
  readonly query: Static<Q>;
  readonly body: Static<B>;
  /** Throws `unauthorized` on a route that needs no token. */
  readonly caller: Caller;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/**
 * Describes for each HTTP status when the endpoint sends it. If the description is an object, it also contains values
 * that replace the examples of individual fields.
 */
type Answers = Readonly<Record<number, string | { readonly when: string; readonly example: object }>>;

export interface Endpoint<A extends TProperties, P extends TSchema, Q extends TSchema, B extends TSchema>
  extends Described, Takes<P, Q, B> {
  /** The fields in addition to `success`. */
  readonly answer: TObject<A>;
  /**
   * If the endpoint has only one response, its status is set automatically. If it has several, `handle` sets the
   * status; otherwise the status is 200.
   */
  readonly answers: Answers;
  readonly prefers?: boolean;
  /** The size limit of the body, if it is higher than the default. */
  readonly bodyLimit?: (context: RouteContext) => number;
  /**
   * False if GET changes something when it returns data: HEAD would make the same change without returning the data.
   */
  readonly head?: false;
  readonly handle: (
    call: Call<P, Q, B>,
    context: RouteContext,
  ) => Static<TObject<A>> | Promise<Static<TObject<A>>>;
}

/** An endpoint that responds with `{"success": true, ...}`. */
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

/** `{method, url}` for fastify's registration. */
export function addressOf({ call }: Pick<Described, 'call'>): { method: Method; url: string } {
  const at = call.indexOf(' ');
  const method = (['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const).find(
    (one) => one === call.slice(0, at),
  );
  if (!method) throw new Error(`${call} has no method`);
  return { method, url: call.slice(at + 1) };
}

/**
 * The schemas from which fastify infers the types of a request. If a request has no query or no body, for example,
 * that part has no schema.
 */
interface RouteSchema<P, Q, B, R> extends FastifySchema {
  readonly params: P;
  readonly querystring: Q;
  readonly body: B;
  readonly response: R;
}

/** The schema of a route. It may describe responses that are not JSON. */
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
    // the validator has checked these values against the schemas
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
