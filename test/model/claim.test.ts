import t from 'tap';
import { AgentError } from '../../src/kernel/errors.js';
import { type Claim, ClaimTakenError } from '../../src/model/claim.js';

t.test('a lost claim says by its code what another service has', async (t) => {
  for (const [claim, kind, code] of [
    ['name shop', 'name', 'name_taken'],
    ['address 10.0.0.5', 'address', 'capacity_exhausted'],
    ['domain example.com', 'domain', 'domain_taken'],
    ['vmid 10001', 'vmid', 'vmid_taken'],
  ] satisfies [Claim, string, string][]) {
    const error = new ClaimTakenError(claim, 'default/1');
    t.match(error, { kind, code, detail: `${claim} is held by default/1` });
    t.ok(error instanceof ClaimTakenError && error instanceof AgentError, claim);
  }
  t.notOk(new AgentError('name_taken', 'Taken.') instanceof ClaimTakenError);
  const shape: object = { kind: 'name' };
  t.notOk(shape instanceof ClaimTakenError);
});
