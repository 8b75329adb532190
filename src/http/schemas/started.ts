/** The two successful responses of an endpoint that starts a job: the job has ended, or it continues. */
import { type TObject, type TProperties, Type } from 'typebox';
import { ServiceId, StatusText, success } from './common.js';
import { JOB } from './examples.js';
import { nullable, uuid } from './fields.js';

export const Accepted = Type.Object(
  {
    service_id: ServiceId,
    status: StatusText,
    job_id: uuid('The job that continues. Follow it with `GET /jobs/{id}`.', JOB),
  },
  { title: 'Accepted', description: 'The request was recorded, and its job continues.' },
);

/** `job_id` is null if there was nothing to do. */
export function startedAnswers<T extends TProperties>(
  answer: TObject<T>,
  description: string,
  example: object = {},
) {
  const fields = Type.Object({
    service_id: ServiceId,
    job_id: nullable(uuid('The completed job. Null: there was nothing to do.', JOB)),
    ...answer.properties,
  });
  return {
    200: success(fields, description, { ...example }),
    202: success(
      Accepted,
      'The request was recorded, and its job continues. The same request joins this job.',
    ),
  };
}
