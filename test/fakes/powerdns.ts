/** PowerDNS's HTTP API as far as one zone needs it, with its status codes and words, and a way to misbehave. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface RecordSet {
  name: string;
  type: string;
  ttl: number;
  records: { content: string; disabled: boolean }[];
  comments: { content: string; account: string; modified_at: number }[];
}

type Change = Partial<RecordSet> & { name: string; type: string; changetype: string };

export interface FakePowerDns {
  readonly url: string;
  readonly sets: Map<string, RecordSet>;
  /** Method of every request that came with the right key. */
  readonly requests: string[];
  /** False: a back end like LMDB, which has no place for comments. */
  hasComments: boolean;
  /** Answers instead of the usual when it returns true. */
  intercept: (asked: IncomingMessage, answer: ServerResponse) => boolean;
  put(name: string, type: string, content: string, comment?: string): void;
  close(): Promise<void>;
}

export async function fakePowerDns(zone: string, key: string): Promise<FakePowerDns> {
  const sets = new Map<string, RecordSet>();
  const requests: string[] = [];
  const server = createServer((asked, answer) => {
    void respond(asked, answer);
  });
  const say = (answer: ServerResponse, status: number, body?: unknown): void => {
    answer.writeHead(status, { 'content-type': 'application/json' });
    answer.end(body === undefined ? undefined : JSON.stringify(body));
  };
  const respond = async (asked: IncomingMessage, answer: ServerResponse): Promise<void> => {
    let text = '';
    for await (const chunk of asked) text += String(chunk);
    if (fake.intercept(asked, answer)) return;
    if (asked.headers['x-api-key'] !== key) return (answer.writeHead(401).end('Unauthorized'), undefined);
    requests.push(asked.method ?? '');
    const url = new URL(asked.url ?? '/', 'http://fake');
    if (url.pathname !== `/api/v1/servers/localhost/zones/${zone}.`) {
      say(answer, 404, { error: 'Not Found' });
      return;
    }
    if (asked.method === 'GET') {
      const name = url.searchParams.get('rrset_name');
      say(answer, 200, {
        name: `${zone}.`,
        rrsets: name === null ? [...sets.values()] : served(sets, name),
      });
      return;
    }
    const { rrsets } = JSON.parse(text) as { rrsets: Change[] };
    const problem =
      !fake.hasComments && rrsets.some(({ comments }) => comments !== undefined)
        ? 'Hosting backend does not support editing comments.'
        : rrsets.map((change) => refuse(change, sets)).find((one) => one !== undefined);
    if (problem !== undefined) {
      say(answer, 422, { error: problem });
      return;
    }
    for (const change of rrsets) apply(change, sets);
    say(answer, 204);
  };
  const fake: FakePowerDns = {
    url: '',
    sets,
    requests,
    hasComments: true,
    intercept: () => false,
    put(name, type, content, comment) {
      const comments = comment === undefined ? [] : [{ content: comment, account: '', modified_at: 0 }];
      sets.set(`${name}. ${type}`, {
        name: `${name}.`,
        type,
        ttl: 60,
        records: [{ content, disabled: false }],
        comments,
      });
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(fake, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

/**
 * As PowerDNS 4.7.3 answers `rrset_name`: without records that are switched off, and with every other set that has
 * comments.
 */
function served(sets: Map<string, RecordSet>, name: string): RecordSet[] {
  return [...sets.values()]
    .map((set) => ({
      ...set,
      records: set.name === name ? set.records.filter(({ disabled }) => !disabled) : [],
    }))
    .map((set) => (set.records.length === 0 ? { ...set, ttl: 0 } : set))
    .filter(({ records, comments }) => records.length + comments.length > 0);
}

function refuse(change: Change, sets: Map<string, RecordSet>): string | undefined {
  if (!change.name.endsWith('.')) return `RRset ${change.name} IN ${change.type}: Name is not canonical`;
  if (change.changetype !== 'REPLACE') return undefined;
  const clash = [...sets.values()].some(
    (set) =>
      set.name === change.name &&
      set.type !== change.type &&
      set.records.some(({ disabled }) => !disabled) &&
      (set.type === 'CNAME' || change.type === 'CNAME'),
  );
  // The real server judges the state after the whole request.
  return clash && change.type !== 'CNAME'
    ? `RRset ${change.name} IN ${change.type}: Conflicts with pre-existing RRset`
    : undefined;
}

function apply(change: Change, sets: Map<string, RecordSet>): void {
  const id = `${change.name} ${change.type}`;
  if (change.changetype === 'DELETE') return void sets.delete(id);
  const known = sets.get(id);
  sets.set(id, {
    name: change.name,
    type: change.type,
    ttl: change.ttl ?? known?.ttl ?? 0,
    records: change.records ?? known?.records ?? [],
    comments: change.comments ?? known?.comments ?? [],
  });
}
