/** Exchanges messages between two processes over a socket. Each message is one line of JSON. */
import type { Duplex } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

export interface FrameReader {
  /** Called for each message, in order. */
  readonly onMessage: (message: unknown) => void;
  /** Called when the other side has sent something unreadable. After that, nothing more is read. */
  readonly onProblem: (problem: string) => void;
}

export interface FrameBounds {
  /** Maximum number of characters of one message. */
  readonly longest: number;
  /** Maximum number of messages that are read per second. If the other side sends more, it has to wait. */
  readonly perSecond: number;
}

const SECOND_MS = 1_000;

export function writeFrame(socket: Duplex, message: unknown): void {
  socket.write(`${JSON.stringify(message)}\n`);
}

/**
 * Reads until the socket ends. Messages beyond `perSecond` stay in the socket, so that the writer has to wait.
 */
export function readFrames(socket: Duplex, { onMessage, onProblem }: FrameReader, bounds: FrameBounds): void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let lines: string[] = [];
  let taken = 0;
  let since = performance.now();
  let isOver = false;

  const fail = (problem: string): void => {
    isOver = true;
    socket.pause();
    onProblem(problem);
  };
  const take = (line: string): void => {
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      fail('it sent an unreadable message');
      return;
    }
    onMessage(message);
  };
  const pump = (): void => {
    const now = performance.now();
    if (now - since >= SECOND_MS) [since, taken] = [now, 0];
    const room = bounds.perSecond - taken;
    const ready = lines.slice(0, room);
    lines = lines.slice(ready.length);
    taken += ready.length;
    for (const line of ready) if (!isOver) take(line);
    if (isOver) return;
    if (lines.length === 0) socket.resume();
    else setTimeout(pump, Math.max(1, since + SECOND_MS - now)).unref();
  };

  socket.on('data', (chunk: Buffer) => {
    if (isOver) return;
    const [first = '', ...others] = decoder.write(chunk).split('\n');
    rest += first;
    let longest = rest.length;
    for (const line of others) {
      lines.push(rest);
      rest = line;
      longest = Math.max(longest, rest.length);
    }
    if (longest > bounds.longest) {
      fail(`it sent a message of more than ${bounds.longest} characters`);
      return;
    }
    socket.pause();
    pump();
  });
  socket.on('error', () => {});
}
