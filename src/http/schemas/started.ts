/**
 * The two successful responses of an endpoint that starts a job: one if the job has ended, and one if the job is still
 * running.
 */
import { type TObject, type TProperties, Type } from 'typebox';
import { ServiceId, StatusText, success } from './common.js';
import { JOB } from './examples.js';
import { nullable, uuid } from './fields.js';

export const Accepted = Type.Object(
  {
    service_id: ServiceId,
    status: StatusText,
    job_id: uuid('The ID of the job that is still running. `GET /jobs/{id}` shows its progress.', JOB),
  },
  { title: 'Accepted', description: 'The request was recorded, and its job is still running.' },
);

/** The response when no job is running any more. `job_id` is null if no job was needed. */
export function startedAnswers<T extends TProperties>(
  answer: TObject<T>,
  description: string,
  example: object = {},
) {
  const fields = Type.Object({
    service_id: ServiceId,
    job_id: nullable(uuid('The ID of the completed job. The value is null if no job was needed.', JOB)),
    ...answer.properties,
  });
  return {
    200: success(fields, description, { ...example }),
    202: success(
      Accepted,
      'The request was recorded, and its job is still running. If the same request is sent again, it ' +
        'joins this job instead of starting another one.',
    ),
  };
}
