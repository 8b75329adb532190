/** What slow, greedy and broken clients meet; the calls themselves are real, the time limits shortened. */
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import fastify, { type FastifyReply } from 'fastify';
import t, { type Test } from 'tap';
import { answerError } from '../../../src/http/server/errors.js';
import { limitPipelining } from '../../../src/http/server/pipelining.js';
import { serverFactory } from '../../../src/http/server/server.js';
import { limitUnreadResponses } from '../../../src/http/server/response-backpressure.js';
import { makeRig, ORDER } from '../harness.js';

const SHORT = {
  headersTimeout: 100,
  requestTimeout: 200,
  keepAliveTimeout: 1_000,
  connectionsCheckingInterval: 20,
  maxHeaderSize: 16_384,
};

async function listening(t: Test, perAddress = 100) {
  const app = fastify({ serverFactory: serverFactory(null, { limits: SHORT, perAddress }) });
  app.setErrorHandler(answerError);
  limitPipelining(app);
  const held: FastifyReply[] = [];
  app.get('/quick', () => ({ quick: true }));
  app.post('/take', () => ({ taken: true }));
  app.get('/held', (_, reply) => void held.push(reply));
  limitUnreadResponses(app, 12_000_000);
  // more than the connection's own buffers take
  app.get('/large', () => 'x'.repeat(8_000_000));
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const sockets: Socket[] = [];
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    app.server.closeAllConnections();
    await app.close();
  });
  const open = async (
    text = '',
  ): Promise<{ socket: Socket; said: () => string; closed: Promise<unknown> }> => {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    sockets.push(socket);
    const closed = once(socket, 'close');
    let said = '';
    socket.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await once(socket, 'connect');
    socket.write(text);
    return { socket, said: () => said, closed };
  };
  const get = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`);
  return { app, open, get, held };
}

async function until(wanted: () => boolean): Promise<void> {
  while (!wanted()) await new Promise((resolve) => setTimeout(resolve, 2));
}

t.test('connections that say nothing, half a head or half a body are ended, and hinder nobody', async (t) => {
  const { open, get } = await listening(t);
  const body =
    'POST /take HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{';
  const slow = await Promise.all(
    ['', 'GET /quick HTTP/1.1\r\nhost: x\r\nx-slow: ', body].flatMap((text) =>
      Array.from({ length: 20 }, () => open(text)),
    ),
  );
  const drip = setInterval(() => {
    for (const { socket } of slow) if (socket.writable) socket.write('a');
  }, 20);
  t.teardown(() => clearInterval(drip));
  t.match(await get('/quick'), { status: 200 });
  await Promise.all(slow.map(({ closed }) => closed));
  t.match(await get('/quick'), { status: 200 });
  const told = slow.filter(({ said }) => said().startsWith('HTTP/1.1 4'));
  t.ok(told.length > 0, 'who can read it is told why');
});

t.test('one address gets only its share of the connections', async (t) => {
  const { app, open } = await listening(t, 5);
  const first = await Promise.all(Array.from({ length: 5 }, () => open()));
  const { closed } = await open();
  await closed;
  first[0]?.socket.destroy();
  await until(() => app.server.listenerCount('connection') > 0 && first[0]?.socket.destroyed === true);
  await first[0]?.closed;
  for (;;) {
    const next = await open('GET /quick HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    await next.closed;
    if (next.said() !== '') break;
  }
  t.pass('and gets it back when it lets go of one');
});

t.test('a connection that asks on and on without reading is cut off', async (t) => {
  const { open, get, held } = await listening(t);
  const { closed } = await open('GET /held HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(500));
  await closed;
  t.equal(held.length, 16, 'and the work of a few was begun');
  t.match(await get('/quick'), { status: 200 });
});

t.test('calls that wait behind another hear that their connection broke', async (t) => {
  const { open, held } = await listening(t);
  const { socket } = await open('GET /held HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(3));
  await until(() => held.length === 3);
  const all = Promise.all(held.map(({ raw }) => once(raw, 'close')));
  socket.destroy();
  await all;
  t.ok(held.every(({ raw }) => raw.destroyed));
});

t.test('answers that nobody reads are kept only so many', async (t) => {
  const { open, get } = await listening(t);
  const stuck = await open();
  stuck.socket.pause();
  stuck.socket.write('GET /large HTTP/1.1\r\nhost: x\r\n\r\n');
  const status = async (): Promise<number> => {
    const answer = await get('/large');
    await answer.text();
    if (answer.status === 429) t.match(answer.headers.get('retry-after'), /^[1-9]/);
    return answer.status;
  };
  while ((await status()) !== 429);
  t.match(await get('/quick'), { status: 200 }, 'small ones still go out');
  stuck.socket.destroy();
  while ((await status()) !== 200);
  t.pass('and are forgotten with their connection');
});

t.test('an event stream behind another on a broken connection frees its place', async (t) => {
  const rig = await makeRig();
  await rig.app.listen({ port: 0, host: '127.0.0.1' });
  t.teardown(() => rig.close());
  const { port } = rig.app.server.address() as AddressInfo;
  const { body } = await rig.call('POST', '/create-site', ORDER);
  const follow = `GET /jobs/${String(body['job_id'])}/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${rig.tokens.panel}\r\naccept: text/event-stream\r\n\r\n`;
  // a token may have 20 of them
  for (let round = 0; round < 5; round += 1) {
    const socket = connect(port, '127.0.0.1', () => socket.write(follow.repeat(10))).on('error', () => {});
    const [first] = (await once(socket, 'data')) as [Buffer];
    t.match(first.toString(), /^HTTP\/1\.1 200/, `round ${round}`);
    socket.destroy();
    await once(socket, 'close');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
});
