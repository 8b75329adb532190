/** Sends the request of a row of docs/fidelity.md to a look-alike of its own. */
import type { FidelityRow } from './fidelity-table.js';
import { cluster, enter } from './fidelity-states.js';
import type { Reply, Teardown } from './fixture.js';

/** `<answer> <text>`: what the row's two cells would be for the answer that came, as far as the row is about it. */
export async function answerTo(t: Teardown, row: FidelityRow): Promise<string> {
  const world = await cluster(t);
  for (const state of row.given) await enter(world, state);
  const reply = await world.ask(row.method, row.path, row.values, credentials(row.given));
  const upid = typeof reply.data === 'string' && reply.data.startsWith('UPID:') ? reply.data : undefined;
  if (upid !== undefined) return `task ${await world.exit(upid)}`;
  return `${reply.status} ${said(row, reply)}`;
}

/** What the request is sent with, where the row is about that. */
function credentials(given: readonly string[]): { headers?: Record<string, string> } {
  const header = given.find((state) => state.startsWith('authorization '))?.slice('authorization '.length);
  return header === undefined ? {} : { headers: { authorization: header } };
}

function said({ answer, text }: FidelityRow, { status, reason, data, errors }: Reply): string {
  if (status === 200)
    return text === '' ? '' : JSON.stringify(partOf(data, answer === '200' ? JSON.parse(text) : {}));
  const wanted = /^errors\.(\S+): /.exec(text)?.[1] ?? '';
  const [field = '', complaint] =
    Object.entries(errors ?? {}).sort(([name]) => (name === wanted ? -1 : 1))[0] ?? [];
  if (complaint === undefined || (status !== 400 && wanted === '')) return reason;
  return `errors.${field}: ${complaint.trim().replaceAll('\n', ' ')}`;
}

/** Of a record the wanted fields, of a list for each wanted entry the first that has it; everything else as it is. */
function partOf(actual: unknown, want: unknown): unknown {
  if (Array.isArray(want) && Array.isArray(actual)) {
    const list: readonly unknown[] = actual;
    return want.map((entry) => {
      const parts = list.map((each) => partOf(each, entry));
      return parts.find((part) => JSON.stringify(part) === JSON.stringify(entry)) ?? parts[0];
    });
  }
  if (!isRecord(want) || !isRecord(actual)) return actual;
  return Object.fromEntries(Object.keys(want).map((key) => [key, partOf(actual[key], want[key])]));
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
