/**
 * GET /jobs/{id}/events: sends the current job, then each change of the job once it is durable, as server-sent
 * events.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { anySignal } from '../../../kernel/async/any-signal.js';
import { AgentError } from '../../../kernel/errors.js';
import { isOpen, type Job } from '../../../model/job.js';
import { followJob } from '../../../jobs/manage/follow-job.js';
import { viewJob, viewStep, viewWaiting } from '../../../jobs/manage/view-job.js';
import { callerOf, isOperator } from '../../guards/auth.js';
import type { Route, RouteContext } from '../../server/route.js';
import { JobIdText } from '../../schemas/job.js';
import { schemaOf } from '../../server/endpoint.js';

const MOST_STREAMS = 200;
const MOST_PER_TOKEN = 20;
/**
 * If this much data waits for a slow reader, the agent closes the connection. The reader can reconnect, and then gets
 * the complete job again.
 */
const MOST_UNREAD_BYTES = 1_048_576;
/** The maximum time for which a stream continues after its token was revoked. */
const RECHECK_MS = 1_000;

const schema = schemaOf(
  {
    call: 'GET /jobs/:id/events',
    id: 'followJob',
    tag: 'Jobs',
    summary: 'Follow a job live',
    description:
      'Sends server-sent events. The first event is `state` and contains the whole job. `step`: one ' +
      'step has changed. `status`: the status, the step counts or the reason for waiting has changed. ' +
      'The last event is `end` and contains the whole job; then the stream closes.',
    params: Type.Object({ id: JobIdText }),
    failures: ['job_not_found'],
  },
  {
    200: {
      description:
        'The stream of events. The data of `state` and `end` is a job. The data of `step` is a step.',
      content: {
        'text/event-stream': {
          schema: Type.String({ description: 'Server-sent events as the HTML standard defines them.' }),
        },
      },
    },
  },
);

export const jobEventsRoute: Route = (app, context) => {
  const streams = new Map<string, number>();
  app.get(
    '/jobs/:id/events',
    { schema, sse: 'manual', exposeHeadRoute: false },
    async (request, reply): Promise<void> => {
      const caller = callerOf(request);
      const release = admitStream(streams, `${caller.panel}/${caller.name}`);
      try {
        await stream(context, request, reply, request.params.id.toLowerCase());
      } finally {
        release();
      }
    },
  );
};

function admitStream(streams: Map<string, number>, who: string): () => void {
  const total = [...streams.values()].reduce((sum, count) => sum + count, 0);
  const own = streams.get(who) ?? 0;
  if (total >= MOST_STREAMS || own >= MOST_PER_TOKEN) {
    throw new AgentError('rate_limited', 'Too many event streams are open.');
  }
  streams.set(who, own + 1);
  return () => {
    const left = (streams.get(who) ?? 1) - 1;
    if (left > 0) streams.set(who, left);
    else streams.delete(who);
  };
}

async function stream(
  context: RouteContext,
  request: FastifyRequest,
  reply: FastifyReply,
  id: string,
): Promise<void> {
  const over = new AbortController();
  const close = (): void => over.abort();
  reply.sse.onClose(close);
  const recheck = setInterval(() => {
    if (request.stillAllowed?.() === false) close();
  }, RECHECK_MS);
  const send: Send = (event, data) => {
    if (over.signal.aborted) return;
    reply.sse.send({ event, data }).catch(close);
    if (reply.raw.writableLength > MOST_UNREAD_BYTES) reply.raw.destroy();
  };
  const ends = anySignal(over.signal, context.stopping);
  try {
    const forOperator = isOperator(request);
    let shown: Job | undefined;
    for await (const { serviceId, job } of followJob(context, callerOf(request), id, ends.signal)) {
      if (shown) sendDifference(send, shown, job, forOperator);
      else send('state', viewJob(serviceId, job, forOperator));
      if (!isOpen(job)) send('end', viewJob(serviceId, job, forOperator));
      shown = job;
    }
  } finally {
    ends.release();
    clearInterval(recheck);
    // Without this, if a client half-closes its connection, the connection would stay open for a minute.
    if (over.signal.aborted) reply.raw.destroy();
  }
}

type Send = (event: string, data: unknown) => void;

function sendDifference(send: Send, before: Job, after: Job, forOperator: boolean): void {
  for (const step of after.steps) {
    const old = before.steps.find((candidate) => candidate.name === step.name);
    const view = JSON.stringify(viewStep(step, forOperator));
    if (!old || JSON.stringify(viewStep(old, forOperator)) !== view)
      send('step', viewStep(step, forOperator));
  }
  const status = statusOf(after);
  if (JSON.stringify(statusOf(before)) !== JSON.stringify(status)) send('status', status);
}

function statusOf(job: Job) {
  return {
    status: job.status,
    direction: job.direction,
    attempts: job.attempts,
    steps_done: job.steps.filter((step) => step.status === 'done').length,
    steps_total: job.steps.length,
    waiting: viewWaiting(job),
  };
}
