/**
 * Reads an HTTP response of Proxmox. Returns `data` from a successful response, and throws a PveError for any other
 * response. A page of a gateway or an incomplete body is never treated as data. If a response is one that Proxmox's
 * API never sends (a redirect or a page), it comes from a system in front of the API, which has not forwarded our
 * request.
 */
import { Type } from 'typebox';
import { lazyCheck } from '../../../kernel/lazy-check.js';
import { cleaned } from '../../../kernel/text.js';
import { isPage, pageWords } from '../../shared/page.js';
import type { WireEnd } from './circuits.js';
import { kindOfAnswer, PveError } from './pve-error.js';

export interface RawResponse {
  readonly status: number;
  /** The reason phrase of the status line. */
  readonly reason: string;
  readonly body: string;
}

const ENVELOPE = lazyCheck(
  Type.Object({
    data: Type.Optional(Type.Unknown()),
    message: Type.Optional(Type.String()),
    errors: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  }),
);

/** The outcome for the circuit of the API as a whole. */
export function wireEndOf(answer: RawResponse): WireEnd {
  const refused = refusalIn(answer);
  if (refused !== undefined) return { refused };
  // a page comes from a gateway, so its status is not a status of the API
  return isPage(answer.body) ? GATEWAY_FAILED : answer.status;
}

const GATEWAY_FAILED = 502;

/**
 * Returns the message of the response if it means that no request of the agent can succeed. A page with a 5xx status
 * does not mean this: it comes from a gateway that cannot forward the request at the moment.
 */
function refusalIn({ status, reason, body }: RawResponse): string | undefined {
  const isForeign = (status >= 300 && status < 400) || (isPage(body) && status < 500);
  if (status !== 401 && !isForeign) return undefined;
  const words = isPage(body) ? pageWords(body) : wordsIn(body);
  return cleaned(`${status} ${words || reason}`);
}

const wordsIn = (body: string): string => (parse(body)?.message ?? '').trim();

export function readResponse(about: string, answer: RawResponse): unknown {
  const { status } = answer;
  const refused = refusalIn(answer);
  if (refused !== undefined) {
    // a gateway that sent a page may still have forwarded the change to Proxmox
    const isHeard = status === 401 || about.startsWith('GET ');
    throw new PveError(isHeard ? 'refused' : 'unknown', about, refused, { status, isWhole: isHeard });
  }
  if (isPage(answer.body)) throw new PveError('unknown', about, pageWords(answer.body), { status });
  const envelope = parse(answer.body);
  if (status === 200) {
    if (envelope !== undefined && 'data' in envelope) return envelope.data;
    throw new PveError('unknown', about, 'the response is not the expected JSON', { status });
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
