import t from 'tap';
import { caaAllows, type CaaRecord, caaText } from '../../src/model/caa.js';

const caa = (value: string, tag = 'issue', critical = false): CaaRecord => ({ critical, tag, value });

t.test('tags, names and methods are read without regard to case and blanks', async (t) => {
  const allows = (...records: CaaRecord[]): boolean =>
    caaAllows(records, ['CA.test', 'ca.example'], 'http-01');
  t.ok(allows(caa(' ca.EXAMPLE ', 'ISSUE')));
  t.ok(allows(caa('ca.test;ValidationMethods = DNS-01 , HTTP-01')));
  t.ok(
    allows(caa('ca.test; accounturi=https://ca.test/1')),
    'what else is asked for is left to the authority',
  );
  t.notOk(allows(caa('ca.test; validationmethods')));
  t.notOk(allows(caa('ca.test; accounturi=x; validationmethods=dns-01')));
});

t.test('a critical tag that is known forbids nothing by itself', async (t) => {
  for (const tag of ['issuewild', 'iodef', 'contactemail', 'contactphone', 'issuemail', 'issuevmc', 'IODEF'])
    t.ok(caaAllows([caa('x', tag, true)], ['ca.test'], 'http-01'), tag);
  t.ok(caaAllows([caa('ca.test', 'issue', true)], ['ca.test'], 'http-01'));
  t.notOk(caaAllows([caa('x', 'new', true)], ['ca.test'], 'http-01'));
  t.ok(caaAllows([caa('x', 'new')], ['ca.test'], 'http-01'), 'nor does an unknown one that is not critical');
});

t.test('people read records as in a zone file, without quotation marks inside, and short', async (t) => {
  t.equal(caaText([caa('ca.example')]), '0 issue "ca.example"');
  t.equal(caaText([caa('a"b', 'iodef', true), caa(';')]), '128 iodef "a?b" and 0 issue ";"');
  const [, value = ''] = /"(.*)"/.exec(caaText([caa('x'.repeat(500))])) ?? [];
  t.ok(value.length > 90 && value.length <= 100, String(value.length));
});
