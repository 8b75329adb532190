import t from 'tap';
import { Secret } from '../../../src/kernel/secret.js';
import { shortcoming } from '../../../src/drivers/issuer/issued.js';
import { makeCertificate } from '../../fakes/certificate.js';

t.test('a certificate that an authority gave is held against what was ordered', async (t) => {
  const names = ['shop.example.org', 'www.shop.example.org'];
  const { cert, key } = await makeCertificate(names);
  const given = (chain: string, secret: string) => ({ chain, key: new Secret(secret) });
  t.equal(shortcoming(given(cert, key), names), undefined);
  const wide = await makeCertificate(['shop.example.org', '*.shop.example.org']);
  t.equal(shortcoming(given(wide.cert, wide.key), names), undefined, 'a wildcard will do');
  const [first = ''] = names;
  const part = await makeCertificate([first]);
  t.equal(shortcoming(given(part.cert, part.key), names), 'that is not valid for www.shop.example.org');
  const other = await makeCertificate(['other.example.org']);
  t.match(shortcoming(given(other.cert, other.key), names), /^that is not valid for shop\.example\.org, www/);
  t.equal(shortcoming(given(cert, other.key), names), 'for another key');
  t.equal(shortcoming(given('not a certificate', key), names), 'for another key');
});
