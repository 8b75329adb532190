/**
 * Implements `innkeeper sandbox --once`: orders one site through the HTTP API as a panel would, requests the site
 * through the proxy until the site is ready, and reports how long each step took.
 */
import { anySignal } from '../kernel/async/any-signal.js';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { Type, type Static, type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { longestPathMs } from '../model/flow.js';
import { titleOf as titleIn } from '../../modules/product/wordpress/html-text.js';
import type { Access } from './access.js';

const JOB_POLL_MS = 100;
const SITE_POLL_MS = 50;
const BODY_LIMIT = 1024 * 1024;

export interface DemoStep {
  readonly name: string;
  readonly after: readonly string[];
  /** All times are in milliseconds since the order was sent. */
  readonly started_ms: number;
  readonly ended_ms: number;
}

export type DemoReport =
  | {
      readonly ok: true;
      readonly backend: string;
      readonly url: string;
      readonly title: string;
      /** When the response to the order arrived. */
      readonly accepted_ms: number;
      /** When the site, requested through the proxy, first showed its title. */
      readonly ready_ms: number;
      /** When the job ended. The job includes the first snapshot. */
      readonly completed_ms: number;
      readonly steps: readonly DemoStep[];
      readonly sum_of_steps_ms: number;
      readonly longest_path_ms: number;
    }
  | { readonly ok: false; readonly backend: string; readonly error: string };

const Accepted = Type.Object({ job_id: Type.String(), fqdn: Type.String(), url: Type.String() });
const Refused = Type.Object({ error: Type.String() });
const instant = Type.Union([Type.String(), Type.Null()]);
const JobAnswer = Type.Object({
  status: Type.String(),
  ended_at: instant,
  steps: Type.Array(
    Type.Object({
      name: Type.String(),
      after: Type.Array(Type.String()),
      status: Type.String(),
      started_at: instant,
      ended_at: instant,
    }),
  ),
  waiting: Type.Optional(Type.Union([Type.Object({ for: Type.String() }), Type.Null()])),
  error: Type.Optional(
    Type.Union([
      Type.Object({
        message: Type.String(),
        step: Type.Optional(Type.Union([Type.String(), Type.Null()])),
      }),
      Type.Null(),
    ]),
  ),
});
type JobAnswer = Static<typeof JobAnswer>;

/** Runs the demo. Never rejects: if an error occurs, the report contains it. */
export async function createDemoSite(
  access: Access,
  backend: string,
  signal: AbortSignal,
): Promise<DemoReport> {
  try {
    return await orderAndWatch(access, backend, signal);
  } catch (error) {
    const reason: unknown = signal.aborted ? signal.reason : error;
    return { ok: false, backend, error: reason instanceof Error ? reason.message : String(reason) };
  }
}

async function orderAndWatch(access: Access, backend: string, signal: AbortSignal): Promise<DemoReport> {
  const posted = Date.now();
  const order = {
    service_id: `demo-${randomBytes(4).toString('hex')}`,
    email: 'anna@example.com',
    plan: 'basic',
    public_ip: '203.0.113.10',
  };
  const accepted = await call(access, Accepted, signal, '/create-site', order);
  const acceptedMs = Date.now() - posted;
  const look = new AbortController();
  const watched = anySignal(signal, look.signal);
  const watch = watchTitle(access, accepted.fqdn, watched.signal);
  try {
    const job = await jobEnd(access, accepted.job_id, signal);
    if (job.status !== 'completed') throw new Error(reasonOf(job));
    const title = await titleOf(access, accepted.fqdn, signal);
    if (title === undefined) throw new Error('the job is completed, but the site shows no title');
    const steps = stepsOf(job, posted);
    const durations = new Map(steps.map((step) => [step.name, step.ended_ms - step.started_ms]));
    const shapes = steps.map(({ name, after }) => ({ name, after, undoable: false, pivot: false }));
    return {
      ok: true,
      backend,
      url: accepted.url,
      title,
      accepted_ms: acceptedMs,
      ready_ms: (watch.title === title ? watch.since : Date.now()) - posted,
      completed_ms: Date.parse(job.ended_at ?? '') - posted,
      steps,
      sum_of_steps_ms: [...durations.values()].reduce((sum, duration) => sum + duration, 0),
      longest_path_ms: longestPathMs(shapes, (name) => durations.get(name) ?? 0),
    };
  } finally {
    look.abort();
    watched.release();
  }
}

interface Sighting {
  title: string | undefined;
  /** When the site first showed this title (epoch ms). */
  since: number;
}

/**
 * Polls the site until the poll is aborted. The first title may be wrong, because for a short time the site may show
 * the title of the template. Therefore only the last title is used.
 */
function watchTitle(access: Access, fqdn: string, signal: AbortSignal): Sighting {
  const sighting: Sighting = { title: undefined, since: 0 };
  const look = async (): Promise<void> => {
    while (!signal.aborted) {
      const title = await titleOf(access, fqdn, signal);
      if (title !== sighting.title) {
        sighting.title = title;
        sighting.since = Date.now();
      }
      await delay(SITE_POLL_MS, undefined, { signal });
    }
  };
  look().catch(() => {});
  return sighting;
}

async function jobEnd(access: Access, id: string, signal: AbortSignal): Promise<JobAnswer> {
  for (;;) {
    const job = await call(access, JobAnswer, signal, `/jobs/${id}`);
    if (job.ended_at !== null) return job;
    await delay(JOB_POLL_MS, undefined, { signal });
  }
}

function reasonOf(job: JobAnswer): string {
  const step = job.error?.step;
  const where = step === undefined || step === null ? '' : ` at step "${step}"`;
  return `the job is ${job.status}${where}: ${job.error?.message ?? 'no reason was recorded'}`;
}

function stepsOf(job: JobAnswer, posted: number): DemoStep[] {
  return job.steps.flatMap(({ name, after, started_at, ended_at }) =>
    started_at === null || ended_at === null
      ? []
      : [
          {
            name,
            after,
            started_ms: Date.parse(started_at) - posted,
            ended_ms: Date.parse(ended_at) - posted,
          },
        ],
  );
}

/** Calls the API once. Rejects with the error message of the response. */
async function call<S extends TSchema>(
  access: Access,
  schema: S,
  signal: AbortSignal,
  path: string,
  body?: object,
): Promise<Static<S>> {
  const response = await fetch(`${access.api}${path}`, {
    signal,
    method: body ? 'POST' : 'GET',
    headers: {
      authorization: `Bearer ${access.token}`,
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok && Value.Check(schema, answer)) return answer;
  const why = Value.Check(Refused, answer) ? answer.error : 'the response has an unexpected form';
  throw new Error(`${path} responded with status ${response.status}: ${why}`);
}

/**
 * Requests the site's front page in the same way as a visitor, and returns its title. Returns undefined if there is no
 * title yet.
 */
async function titleOf(access: Access, fqdn: string, signal: AbortSignal): Promise<string | undefined> {
  const { address, httpsPort, caFile } = access.publicEndpoint;
  const ca = await readFile(caFile);
  return new Promise((resolve) => {
    const nothing = (): void => resolve(undefined);
    const asked = request(
      { host: address, port: httpsPort, servername: fqdn, headers: { host: fqdn }, ca, agent: false, signal },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          if (text.length < BODY_LIMIT) text += chunk;
        });
        response.on('error', nothing).on('end', () => {
          const title = titleIn(text);
          resolve(response.statusCode === 200 && title !== '' ? title : undefined);
        });
      },
    );
    asked.on('error', nothing).end();
  });
}
