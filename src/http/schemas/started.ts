/** The two good answers of a call that starts a job: it has ended, or it goes on. */
import { type TProperties, Type } from 'typebox';
import { nullable, StatusText, success } from './common.js';

/** `job_id` is null where nothing had to be done. */
export function startedAnswers<T extends TProperties>(properties: T, description: string) {
  return {
    200: success(
      {
        service_id: Type.String(),
        job_id: nullable(Type.String({ format: 'uuid' })),
        ...properties,
      },
      description,
    ),
    202: success(
      { service_id: Type.String(), status: StatusText, job_id: Type.String({ format: 'uuid' }) },
      'Recorded; the job goes on. The same call again joins it.',
    ),
  };
}
