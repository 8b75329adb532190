import t from 'tap';
import { issuerName, issuerOf } from '../../src/model/certificate.js';
import { makeCertificate } from '../fakes/certificate.js';

t.test('a certificate is named after the organisation that issued it, else by the common name', async (t) => {
  for (const [issuer, name] of [
    ["C=US\nO=Let's Encrypt\nCN=R11", "Let's Encrypt"],
    ['CN=R11\nO=Acme = Sons', 'Acme = Sons'],
    ['CN=Test CA', 'Test CA'],
    ['C=AT\nL=Wien', 'C=AT, L=Wien'],
  ] as const)
    t.equal(issuerName({ issuer }), name, issuer);
  t.ok(issuerName({ issuer: `O=${'x'.repeat(500)}` }).length <= 100);
});

t.test('the issuer of a PEM text; none when it cannot be read', async (t) => {
  t.equal(issuerOf((await makeCertificate(['example.test'])).cert), 'Test CA');
  t.equal(issuerOf('text'), null);
});
