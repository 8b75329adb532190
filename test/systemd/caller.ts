/**
 * A panel that keeps calling: `node caller.js <url> <milliseconds>`, with new and with kept connections; prints what
 * it met as JSON.
 */
import { Agent, request } from 'node:http';

const [url = '', ms = '0'] = process.argv.slice(2);
const until = Date.now() + Number(ms);
const seen: Record<string, number> = {};
let longest = 0;

async function call(agent: Agent): Promise<string> {
  const from = Date.now();
  return new Promise((resolve) => {
    const done = (text: string): void => {
      longest = Math.max(longest, Date.now() - from);
      resolve(text);
    };
    request(url, { agent }, (answer) => {
      answer.resume();
      answer.on('end', () => done(String(answer.statusCode)));
      answer.on('error', () => done('cut'));
    })
      .on('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message))
      .end();
  });
}

async function keepCalling(agent: Agent): Promise<void> {
  while (Date.now() < until) {
    const outcome = await call(agent);
    seen[outcome] = (seen[outcome] ?? 0) + 1;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const kept = new Agent({ keepAlive: true, maxSockets: 2 });
const fresh = new Agent({ keepAlive: false });
await Promise.all([keepCalling(kept), keepCalling(kept), keepCalling(fresh), keepCalling(fresh)]);
kept.destroy();
console.log(JSON.stringify({ seen, longest }));
