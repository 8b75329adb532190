/** The common parts of the endpoints for one job: its ID in the URL, and the job in the response. */
import { type Static, type TProperties, type TSchema, type TUnknown, Type } from 'typebox';
import type { Caller } from '../../../model/caller.js';
import type { Job } from '../../../model/job.js';
import { viewJob } from '../../../jobs/manage/view-job.js';
import { isOperator } from '../../guards/auth.js';
import { JobIdText, JobView } from '../../schemas/job.js';
import { type Described, type Endpoint, jsonRoute } from '../../server/endpoint.js';
import type { Route, RouteContext } from '../../server/route.js';

const Params = Type.Object({ id: JobIdText });

type Shared = Omit<Described, 'tag'> & Pick<Endpoint<TProperties, TSchema, TSchema, TSchema>, 'answers'>;

interface OneJob<B extends TSchema> extends Shared {
  readonly body?: B;
  readonly handle: (
    call: { readonly caller: Caller; readonly jobId: string; readonly body: Static<B> },
    context: RouteContext,
  ) => Promise<{ readonly serviceId: string; readonly job: Job }>;
}

export function oneJobRoute<B extends TSchema = TUnknown>({ handle, ...call }: OneJob<B>): Route {
  return jsonRoute({
    ...call,
    tag: 'Jobs',
    params: Params,
    answer: JobView,
    failures: ['job_not_found', ...(call.failures ?? [])],
    handle: async ({ caller, params, body, request }, context) => {
      const { serviceId, job } = await handle({ caller, jobId: params.id.toLowerCase(), body }, context);
      return viewJob(serviceId, job, isOperator(request));
    },
  });
}
