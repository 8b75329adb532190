/** The rules for what a module declares about its tasks. */
import { Type } from 'typebox';
import { TASK_RANGES } from '../../model/new-task.js';

const closed = { additionalProperties: false } as const;
const MOST_TASKS = 100;

const TASK_NAME = '^[a-z][A-Za-z0-9]{0,63}$';
const { tries, backoff, timeout, maxExceptions } = TASK_RANGES;
const Policy = Type.Object(
  {
    tries: Type.Optional(Type.Integer(tries)),
    backoffS: Type.Optional(Type.Number(backoff)),
    timeoutS: Type.Optional(Type.Number(timeout)),
    maxExceptions: Type.Optional(Type.Integer(maxExceptions)),
  },
  closed,
);

export const WorkSchema = Type.Object(
  {
    concurrency: Type.Integer({ minimum: 1, maximum: 16 }),
    tasks: Type.Record(Type.String({ pattern: TASK_NAME }), Policy, { ...closed, maxProperties: MOST_TASKS }),
  },
  closed,
);
