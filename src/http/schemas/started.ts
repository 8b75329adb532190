/** The two good answers of a call that starts a job: the job has ended, or it goes on. */
import { type TObject, type TProperties, Type } from 'typebox';
import { ServiceId, StatusText, success } from './common.js';
import { JOB } from './examples.js';
import { nullable, uuid } from './fields.js';

export const Accepted = Type.Object(
  {
    service_id: ServiceId,
    status: StatusText,
    job_id: uuid('The job that goes on. Follow it with `GET /jobs/{id}`.', JOB),
  },
  { title: 'Accepted', description: 'The request was recorded and its job goes on.' },
);

/** `job_id` is null where nothing had to be done. */
export function startedAnswers<T extends TProperties>(
  answer: TObject<T>,
  description: string,
  example: object = {},
) {
  const fields = Type.Object({
    service_id: ServiceId,
    job_id: nullable(uuid('The job that did it. Null: nothing had to be done.', JOB)),
    ...answer.properties,
  });
  return {
    200: success(fields, description, { ...example }),
    202: success(Accepted, 'Recorded; the job goes on. The same request joins it.'),
  };
}
