/** The shape of a job inside a service's document; `model/job.ts` documents the fields. */
import { Type } from 'typebox';
import { ROLES, type ErrorCode, type Failure } from '../../kernel/errors.js';
import { STEP_STATUSES, type Thing } from '../../model/flow.js';
import type { ChosenOptions } from '../../model/plan-option.js';
import type { KindName } from '../../model/job-kinds.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import { DIRECTIONS, JOB_STATUSES } from '../../model/job.js';

export const TextSchema = Type.String();
export const NullableText = Type.Union([Type.String(), Type.Null()]);
const Count = Type.Integer({ minimum: 0 });
export const JsonObjectSchema = Type.Unsafe<JsonObject>(Type.Record(Type.String(), Type.Unknown()));

export const PlanSchema = Type.Object({
  name: TextSchema,
  aliases: Type.Array(Type.String()),
  memoryMb: Type.Number(),
  swapMb: Type.Number(),
  diskGb: Type.Number(),
  cores: Type.Number(),
  domains: Type.Number(),
  backups: Type.Number(),
  module: Type.Optional(Type.String()),
  pools: Type.Optional(Type.Array(Type.String())),
  location: Type.Optional(Type.String()),
  serverGroup: Type.Optional(Type.String()),
  data: Type.Optional(JsonObjectSchema),
  chosen: Type.Optional(Type.Unsafe<ChosenOptions>(Type.Record(Type.String(), Type.Number()))),
});

const errorFields = {
  // any string is accepted, because a document must stay readable if it contains a code of another release
  code: Type.Unsafe<ErrorCode>(Type.String()),
  message: TextSchema,
  role: Type.Optional(Type.Enum([...ROLES])),
  detail: Type.Optional(Type.String()),
  system: Type.Optional(Type.String()),
  failure: Type.Optional(Type.Unsafe<Failure>(Type.String())),
  retryable: Type.Boolean(),
};

// any string is accepted, because a document must stay readable if it contains a value of another release
const ThingText = Type.Unsafe<Thing>(Type.String());

const StepSchema = Type.Object({
  name: TextSchema,
  after: Type.Array(Type.String()),
  undoable: Type.Boolean(),
  pivot: Type.Boolean(),
  concerns: Type.Optional(ThingText),
  status: Type.Enum([...STEP_STATUSES]),
  notes: JsonObjectSchema,
  result: Type.Unsafe<Json>(Type.Unknown()),
  error: Type.Optional(Type.Object(errorFields)),
  begun: Count,
  startedAt: NullableText,
  endedAt: NullableText,
});

export const ErrorSchema = Type.Object(errorFields);
const JobError = Type.Object({ ...errorFields, step: Type.Optional(Type.String()) });

export const PolicySchema = Type.Object({
  tries: Type.Number(),
  backoffS: Type.Number(),
  timeoutS: Type.Number(),
  maxExceptions: Type.Number(),
  patienceS: Type.Number(),
});

export const WaitingSchema = Type.Object({
  for: TextSchema,
  reason: Type.Optional(Type.Unsafe<Failure>(Type.String())),
  since: TextSchema,
  until: TextSchema,
});

export const JobSchema = Type.Object({
  id: Type.String({ minLength: 1 }),
  // any string is accepted, because a job of an unknown kind (from another release or a removed module) must be kept
  // unchanged
  method: Type.Unsafe<KindName>(Type.String()),
  status: Type.Enum([...JOB_STATUSES]),
  direction: Type.Enum([...DIRECTIONS]),
  interactive: Type.Boolean(),
  tags: Type.Array(Type.String()),
  requestId: TextSchema,
  args: JsonObjectSchema,
  pinned: Type.Object({
    module: Type.Object({
      type: TextSchema,
      name: TextSchema,
      version: TextSchema,
      hash: Type.Optional(Type.String()),
    }),
    plan: PlanSchema,
    settings: JsonObjectSchema,
  }),
  policy: PolicySchema,
  attempts: Count,
  exceptions: Count,
  crashes: Count,
  steps: Type.Array(StepSchema),
  waiting: Type.Optional(WaitingSchema),
  cancel: Type.Optional(Type.Object({ at: TextSchema, undo: Type.Boolean() })),
  error: Type.Optional(JobError),
  reason: Type.Optional(JobError),
  remains: Type.Optional(
    Type.Array(
      Type.Object({
        step: TextSchema,
        thing: Type.Unsafe<Thing | null>(NullableText),
        what: TextSchema,
      }),
    ),
  ),
  abandonedAt: Type.Optional(Type.String()),
  createdAt: TextSchema,
  startedAt: NullableText,
  endedAt: NullableText,
});
