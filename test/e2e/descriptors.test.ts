/** The real daemon with few file descriptors, and callers that ask for files without reading them. */
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import t from 'tap';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { asObject } from '../http/harness.js';
import { surroundings, until } from './daemon-process.js';

// one file each: a connection that asks for more than there are descriptors is cut, and gives all of its own back
const CALLERS = 130;
const PIPELINED = 1;

t.test('unread files hold no descriptors: an order is taken and carried out all the same', async (t) => {
  const house = await surroundings(t);
  const served = await house.serve(['sh', '-c', 'ulimit -n 300; exec "$@"', 'sh']);
  const token = (await readFile(join(house.stateDir, 'secrets', 'api-token'), 'utf8')).trim();
  const { hostname, port } = new URL(served.api);
  // a panel's own connection, which it has from before
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.teardown(() => agent.destroy());
  const call = async (method: string, path: string, body?: object) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const sent = request({ agent, host: hostname, port, method, path, headers });
    sent.end(body === undefined ? undefined : JSON.stringify(body));
    const [answer] = (await once(sent, 'response')) as [import('node:http').IncomingMessage];
    return { status: answer.statusCode, body: asObject(await text(answer)) };
  };
  t.match(await call('GET', '/health'), { status: 200 });
  const get = `GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n`;
  for (let n = 0; n < CALLERS; n += 1) {
    const socket = connect(Number(port), hostname);
    t.teardown(() => socket.destroy());
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.pause();
    socket.write(get.repeat(PIPELINED));
  }
  const order = { service_id: '1', email: 'anna@example.com', plan: 'basic', public_ip: '203.0.113.10' };
  t.match(await call('POST', '/create-site', order), { status: 202, body: { success: true } });
  const ended = await until(
    () => call('GET', '/status?service_id=1'),
    ({ body }) => body['lifecycle'] !== 'creating',
  );
  t.match(ended.body, { lifecycle: 'active' });
  t.match(await call('GET', '/ready'), { status: 200 });
  t.notMatch(served.said(), /EMFILE/);
});
