/** Acts as a panel: orders, repeats requests whose response was lost, and waits for jobs. */
import { setTimeout as delay } from 'node:timers/promises';
import { fields } from '../http/harness.js';
import type { Answer, Call, Rig } from './harness.js';

/** A job must end within this time after the start of the daemon. */
export const JOB_MS = 120_000;
/** The same while the daemon dies repeatedly. */
const THROUGH_DEATHS_MS = 900_000;
const REPEAT_MS = 100;
const POLL_MS = 15;

/** The end of a job as the API reports it. */
export interface Ended {
  readonly status: string;
  readonly error: string;
}

/** The job that the request started or joined, if any. */
export function jobOf({ body }: Answer): string | undefined {
  const id = body['job_id'];
  return typeof id === 'string' ? id : undefined;
}

/** Sends the request until the response is not a failure of the agent itself. */
export async function untilAnswered(rig: Rig, call: Call): Promise<Answer & { readonly sent: number }> {
  const deadline = Date.now() + THROUGH_DEATHS_MS;
  for (let sent = 1; ; sent += 1) {
    const answer = await rig.post(call);
    if (!isTrouble(answer) || Date.now() > deadline) return { ...answer, sent };
    await delay(REPEAT_MS);
  }
}

/** True without a complete response, or if the response asks to retry. */
export function isTrouble({ status }: Answer): boolean {
  return status === 0 || status === 503;
}

/** Undefined when the time was up or, without `throughDeaths`, when the daemon died first. */
export async function jobEnd(rig: Rig, id: string, throughDeaths = false): Promise<Ended | undefined> {
  const deadline = Date.now() + (throughDeaths ? THROUGH_DEATHS_MS : JOB_MS);
  while ((throughDeaths || !rig.isDown()) && Date.now() < deadline) {
    const { status, body } = await rig.get(`/jobs/${id}`);
    if (status === 200 && body['ended_at'] !== null)
      return { status: String(body['status']), error: JSON.stringify(body['error'] ?? null) };
    if (status === 404) return { status: 'lost', error: 'there is no such job' };
    await delay(POLL_MS);
  }
  return undefined;
}

/** Resolves when the step is done, the job has ended, or the daemon no longer responds. */
export async function stepDone(rig: Rig, id: string, name: string): Promise<void> {
  const deadline = Date.now() + JOB_MS;
  while (!rig.isDown() && Date.now() < deadline) {
    const { body } = await rig.get(`/jobs/${id}`);
    const steps: readonly unknown[] = Array.isArray(body['steps']) ? body['steps'] : [];
    const isDone = steps.map(fields).some((step) => step['name'] === name && step['status'] === 'done');
    if (isDone || typeof body['ended_at'] === 'string') return;
    await delay(POLL_MS);
  }
}

/** Sends a request that must succeed, to prepare a service for an operation. Throws when it fails. */
export async function doneWell(rig: Rig, call: Call): Promise<void> {
  const answer = await untilAnswered(rig, call);
  const id = jobOf(answer);
  const ended = id === undefined ? undefined : await jobEnd(rig, id, true);
  const good = answer.status < 300 && (id === undefined || ended?.status === 'completed');
  if (!good)
    throw new Error(
      `${call.path} ${JSON.stringify(call.body)}: ${JSON.stringify(answer)} ${JSON.stringify(ended)}`,
    );
}
