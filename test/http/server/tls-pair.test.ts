import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import pino from 'pino';
import t from 'tap';
import { followPair, readPair } from '../../../src/http/server/tls-pair.js';
import { handClock } from '../../fakes/clock.js';
import { selfSigned, type ServerCertificate } from '../../fakes/tls-files.js';
import { testFolder } from '../../test-folder.js';

const MINUTE = 60_000;

t.test('a renewed certificate is served without a restart, a broken one never', async (t) => {
  const dir = testFolder(t);
  const files = { cert_file: join(dir, 'api.pem'), key_file: join(dir, 'api.key') };
  const put = async ({ cert, key }: Pick<ServerCertificate, 'cert' | 'key'>): Promise<void> => {
    await writeFile(files.cert_file, cert);
    await writeFile(files.key_file, key);
  };
  const [first, second, third] = await Promise.all([selfSigned(), selfSigned(), selfSigned()]);
  await put(first);
  const pair = readPair(files);
  const server = createServer(pair).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const lines: string[] = [];
  t.teardown(() => server.close());
  const clock = handClock();
  const stop = new AbortController();
  const followed = followPair(server, files, pair, {
    clock,
    log: pino({ level: 'info' }, { write: (line: string) => lines.push(line) }),
    stopping: stop.signal,
  });
  const shown = async (): Promise<string> => {
    const { port } = server.address() as AddressInfo;
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const { fingerprint256 } = socket.getPeerCertificate();
    socket.destroy();
    return fingerprint256;
  };
  t.equal(await shown(), first.fingerprint);
  await clock.turn(MINUTE);
  t.same(lines, [], 'what has not changed is not told');

  await put(second);
  await clock.turn(MINUTE);
  t.equal(await shown(), second.fingerprint);
  t.match(lines, [/now uses its renewed certificate/]);

  // the moment between the two files, and a renewal that went wrong
  await put({ cert: third.cert, key: second.key });
  await clock.turn(MINUTE);
  await clock.turn(MINUTE);
  t.equal(await shown(), second.fingerprint, 'the one in use stays');
  t.equal(lines.length, 2, 'told once');
  t.match(lines[1], /api\.key is not the private key of a certificate in .*api\.pem/);
  t.notMatch(lines.join(), /PRIVATE KEY-----/);
  await writeFile(files.cert_file, '');
  await clock.turn(MINUTE);
  t.equal(await shown(), second.fingerprint);
  t.equal(lines.length, 3);

  await put(third);
  await clock.turn(MINUTE);
  t.equal(await shown(), third.fingerprint);
  stop.abort();
  await followed;
  t.equal(clock.sleepers, 0);
});

t.test('files that do not belong together stop the start, by name', async (t) => {
  const [one, other] = await Promise.all([selfSigned(), selfSigned()]);
  const dir = testFolder(t, { 'api.pem': one.cert, 'api.key': other.key });
  const files = { cert_file: join(dir, 'api.pem'), key_file: join(dir, 'api.key') };
  t.throws(() => readPair(files), /^api\.tls\.key_file: .*api\.key is not the private key of .*api\.pem/);
});
