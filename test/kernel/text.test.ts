/** What others say is cleaned and shortened wherever it is kept or shown. */
import t from 'tap';
import { AgentError, asAgentError, fromRecord, toRecord } from '../../src/kernel/errors.js';
import { cleaned, detailOf, listOf, sentenceOf } from '../../src/kernel/text.js';
import { caaText } from '../../src/model/caa.js';
import { issuerName } from '../../src/model/certificate.js';
import { makeRig, ORDER } from '../http/harness.js';

const HOSTILE = '<script>alert(1)</script>\u001b[31m\r\nX-Evil: 1\u202e\u0000\u2028end';
const BAD = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u200b-\u200f<>]/;

t.test('a sentence for customers is one short line that no page takes for markup', (t) => {
  t.equal(sentenceOf('The site answers, but says "no".'), 'The site answers, but says "no".');
  t.equal(sentenceOf(HOSTILE), '\u2039script\u203aalert(1)\u2039/script\u203a X-Evil: 1 end');
  t.equal(sentenceOf('Grüße, 日本語.'), 'Grüße, 日本語.');
  t.equal(Array.from(sentenceOf('x'.repeat(200_000))).length, 600);
  t.match(sentenceOf(`${'x'.repeat(9_000)}end`), /^x+ \.\.\. x+end$/);
  t.end();
});

t.test('an error holds neither markup nor megabytes, however it is made, sent or kept', (t) => {
  const error = new AgentError('dns_failed', `The server said ${HOSTILE}.`, {
    detail: `${HOSTILE}\n${'y'.repeat(300_000)}the end`,
  });
  for (const { message, detail = '' } of [error, toRecord(error), fromRecord(toRecord(error))]) {
    t.notMatch(message, BAD);
    t.notMatch(message, /\n/);
    t.notMatch(detail.replaceAll(/[<>]/g, ''), BAD);
    t.ok(detail.length <= 4_000);
    t.match(detail, /the end$/, 'scripts say at their end what went wrong');
  }
  const foreign = {
    code: 'dns_failed',
    message: HOSTILE,
    detail: 'z'.repeat(9_000),
    retryable: true,
  } as const;
  t.notMatch(fromRecord(foreign).message, BAD);
  t.ok((fromRecord(foreign).detail ?? '').length <= 4_000);
  t.ok((asAgentError(new Error('z'.repeat(1_000_000))).detail ?? '').length <= 4_000);
  t.match(detailOf('one\n\ttwo'), /^one\n\ttwo$/, 'a stack stays readable');
  t.end();
});

t.test('a long list names a few and counts the rest', (t) => {
  t.equal(listOf([]), '');
  t.equal(listOf(['a']), 'a');
  t.equal(listOf(['a', 'b', 'c'], 'or'), 'a, b or c');
  t.equal(listOf(['a', 'b', 'c', 'd', 'e', 'f']), 'a, b, c, d, e and f');
  t.equal(
    listOf(Array.from({ length: 249 }, (_, n) => `10.0.0.${n}`)),
    '10.0.0.0, 10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4 and 244 more',
  );
  t.end();
});

t.test('names in certificates and CAA records are words of others, too', (t) => {
  const certificate = (issuer: string) => issuerName({ issuer });
  t.equal(certificate('C=AT\nO=Example CA\nCN=R1'), 'Example CA');
  const shown = certificate(`O=${HOSTILE.replaceAll(/[\r\n]/g, '')}${'x'.repeat(70_000)}`);
  t.notMatch(shown, BAD);
  t.ok(shown.length <= 100);
  const record = { critical: false, tag: 'issue', value: `${HOSTILE}"${'x'.repeat(60_000)}` };
  const text = caaText(Array.from({ length: 300 }, () => record));
  t.notMatch(text, BAD);
  t.ok(text.length < 700);
  t.match(text, /and 295 more$/);
  t.equal(caaText([{ critical: true, tag: 'issue', value: 'ca.example.net' }]), '128 issue "ca.example.net"');
  t.end();
});

t.test('a text of megabytes costs no more than its ends', (t) => {
  const long = `${'<title '.repeat(300_000)}password=`;
  t.ok(cleaned(long).length <= 310);
  t.ok(sentenceOf(long).length <= 600);
  t.ok(detailOf(long).length <= 4_000);
  t.end();
});

t.test(
  'a domain that leads to 249 addresses through a hostile alias is refused in one short sentence',
  async (t) => {
    const rig = await makeRig();
    t.teardown(() => rig.close());
    await rig.call('POST', '/create-site', ORDER);
    await rig.change(`default/${ORDER.service_id}`, () => ({ lifecycle: 'active', jobs: [] }));
    Object.assign(rig.deps.drivers.lookup, {
      addresses: async () => ({
        addresses: Array.from({ length: 249 }, (_, n) => `198.51.100.${n}`),
        aliases: [HOSTILE, ...Array.from({ length: 40 }, (_, n) => `alias-${n}.example.org`)],
      }),
      knock: async () => [],
      texts: async () => [],
      authorities: async () => undefined,
    });
    const { status, body } = await rig.call('POST', '/action/setdomain', {
      service_id: ORDER.service_id,
      domain: 'example.com',
    });
    t.equal(status, 400);
    t.match(body['error'], /198\.51\.100\.4 and 244 more \(through /);
    t.notMatch(body['error'], BAD);
    t.notMatch(body['error'], /\n/);
    t.match(body['error'], /Change its A and AAAA records/);
  },
);
