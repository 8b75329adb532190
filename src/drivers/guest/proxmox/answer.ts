/** Reads one HTTP answer of Proxmox: the `data` of a good one, a PveError for anything else; a gateway's page or half a body is never taken for data. */
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { kindOfAnswer, PveError } from './pve-error.js';

export interface RawAnswer {
  readonly status: number;
  /** Reason phrase of the status line. */
  readonly reason: string;
  readonly body: string;
}

const ENVELOPE = Compile(
  Type.Object({
    data: Type.Optional(Type.Unknown()),
    message: Type.Optional(Type.String()),
    errors: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  }),
);

export function readAnswer(about: string, answer: RawAnswer): unknown {
  const { status } = answer;
  const envelope = parse(answer.body);
  if (status === 200) {
    if (envelope !== undefined && 'data' in envelope) return envelope.data;
    throw new PveError('unknown', about, 'the answer is not the JSON that was expected', { status });
  }
  const errors = Object.fromEntries(
    Object.entries(envelope?.errors ?? {}).map(([name, problem]) => [name, String(problem).trim()]),
  );
  const words = (envelope?.message ?? '').trim();
  const reason = words === '' ? answer.reason.trim() : words;
  const kind = kindOfAnswer(status, reason, errors);
  throw new PveError(kind, about, reason === '' ? `status ${status}` : reason, { status, errors });
}

function parse(
  body: string,
): { data?: unknown; message?: string; errors?: Record<string, unknown> } | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return ENVELOPE.Check(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
