/** The shape of a task's document, `tasks/<id>.json`. */
import { Type } from 'typebox';
import { lazyCheck } from '../../kernel/lazy-check.js';
import type { Json } from '../../kernel/json.js';
import type { ServiceKey } from '../../model/service.js';
import { type Task, TASK_STATUSES } from '../../model/task.js';
import type { DocumentKind } from './document.js';
import {
  ErrorSchema,
  JsonObjectSchema,
  NullableText,
  PolicySchema,
  TextSchema,
  WaitingSchema,
} from './job-schema.js';
import { VERSIONS } from './migrations.js';
import { schemaErrorOf } from './schema-errors.js';

const Count = Type.Integer({ minimum: 0 });
const nullable = <T extends ReturnType<typeof Type.Object>>(schema: T) => Type.Union([schema, Type.Null()]);

const Event = Type.Object({
  id: TextSchema,
  type: TextSchema,
  at: TextSchema,
  service: nullable(Type.Object({ panel: TextSchema, id: TextSchema, generation: Count })),
  data: JsonObjectSchema,
});

const TaskSchema = Type.Object({
  schema: Type.Literal(VERSIONS.task.current),
  id: Type.String({ minLength: 1 }),
  module: Type.Object({ type: TextSchema, name: TextSchema }),
  method: TextSchema,
  service: nullable(Type.Object({ key: Type.Unsafe<ServiceKey>(Type.String()), generation: Count })),
  key: NullableText,
  input: Type.Unsafe<Json>(Type.Unknown()),
  event: nullable(Event),
  tags: Type.Array(Type.String()),
  policy: PolicySchema,
  notBefore: NullableText,
  status: Type.Enum([...TASK_STATUSES]),
  attempts: Count,
  exceptions: Count,
  crashes: Count,
  notes: JsonObjectSchema,
  waiting: Type.Optional(WaitingSchema),
  error: Type.Optional(ErrorSchema),
  createdAt: TextSchema,
  startedAt: NullableText,
  endedAt: NullableText,
});

const check = lazyCheck(TaskSchema);

export const taskKind: DocumentKind<Task> = {
  name: 'task',
  version: VERSIONS.task,
  fits: (value): value is Task => check.Check(value) satisfies boolean,
  misfit: (value) => schemaErrorOf(check.Errors(value)),
};
