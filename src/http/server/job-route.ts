/**
 * `jobRoute({...})`: an endpoint that starts a job, and responds when the job has ended or when the time limit is
 * reached.
 */
import type { FastifySchema } from 'fastify';
import type { Static, TObject, TProperties, TSchema, TUnknown } from 'typebox';
import type { Job } from '../../model/job.js';
import type { Service } from '../../model/service.js';
import type { ErrorCode } from '../../kernel/errors.js';
import { startedAnswers } from '../schemas/started.js';
import { addressOf, type Call, callOf, type Described, schemaOf } from './endpoint.js';
import type { Route, RouteContext } from './route.js';
import { warn } from './unknown-fields.js';
import { answerJob } from './waiting.js';

/** The result of `start`. `job` is missing if there was nothing to do. */
interface Recorded {
  readonly service: Service;
  readonly job: Job | undefined;
  /** The job was already in progress. */
  readonly joined?: boolean;
  /** Warnings in the response about parts of the request that were not done as requested. */
  readonly warnings?: readonly string[];
}

/** Any job of any service can end with one of these errors. */
const OF_EVERY_JOB: readonly ErrorCode[] = [
  'unknown_module',
  'service_not_found',
  'service_busy',
  'service_failed',
  'service_terminated',
  'state_damaged',
  'state_unavailable',
  'job_timeout',
  'job_crashed',
];

interface JobEndpoint<
  A extends TProperties,
  R extends Recorded,
  P extends TSchema,
  Q extends TSchema,
  B extends TSchema,
> extends Described {
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** The fields in addition to `success`, `service_id` and `job_id` once the job has ended. */
  readonly answer: TObject<A>;
  /** Describes the result once the job has ended. */
  readonly done: string;
  /** Values that replace the examples of the fields. */
  readonly example?: object;
  /** Records the request and its job. */
  readonly start: (call: Call<P, Q, B>, context: RouteContext) => Promise<R>;
  readonly view: (
    found: { readonly service: Service; readonly job: R['job']; readonly recorded: R },
    call: Call<P, Q, B>,
    context: RouteContext,
  ) => Static<TObject<A>>;
}

export function jobRoute<
  A extends TProperties,
  R extends Recorded,
  P extends TSchema = TUnknown,
  Q extends TSchema = TUnknown,
  B extends TSchema = TUnknown,
>(endpoint: JobEndpoint<A, R, P, Q, B>): Route {
  const { answer, done, example, start, view, failures = [] } = endpoint;
  const whole = { ...endpoint, failures: [...failures, ...OF_EVERY_JOB], prefers: true };
  const schema: FastifySchema = schemaOf(whole, startedAnswers(answer, done, example));
  return (app, context) => {
    app.route({
      ...addressOf(endpoint),
      schema,
      handler: async (request, reply) => {
        const call = callOf<P, Q, B>(request, reply);
        const recorded = await start(call, context);
        const { service, job, joined, warnings = [] } = recorded;
        warn(request, ...warnings);
        if (job === undefined) {
          request.isRepeated = true;
          return {
            success: true,
            service_id: service.id,
            job_id: null,
            ...view({ service, job, recorded }, call, context),
          };
        }
        // read the current state of the job
        return answerJob(context, request, reply, { service, job, joined }, (now, ended) =>
          view({ service: now, job: ended, recorded }, call, context),
        );
      },
    });
  };
}
