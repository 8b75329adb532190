/** Whatever a customer types as a domain. */
import fc from 'fast-check';
import t from 'tap';
import { parseDomain } from '../../src/model/domain-name.js';
import { AgentError } from '../../src/kernel/errors.js';

const RULES = {
  baseDomain: 'sites.example.net',
  blocked: ['bank.example'],
  infrastructure: ['pve1.hoster.example'],
};
const parse = (text: string) => parseDomain(text, RULES);

t.test(
  'whatever is sent is refused with a clean sentence, or becomes a name that stays as it is',
  async () => {
    const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/);
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.domain(),
      fc.webUrl(),
      fc.ipV4(),
      fc.ipV6(),
      fc.array(label, { minLength: 1, maxLength: 6 }).map((labels) => labels.join('.')),
      fc.string({ unit: 'grapheme' }).map((left) => `${left}.example.com`),
    );
    fc.assert(
      fc.property(text, (sent) => {
        try {
          const { name, slot, registered } = parse(sent);
          if (!/^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]*[a-z-][a-z0-9-]*$/.test(name))
            return false;
          if (name !== slot && name !== `www.${slot}`) return false;
          if (slot !== registered && !slot.endsWith(`.${registered}`)) return false;
          const again = parse(name);
          return again.name === name && again.slot === slot && parse(slot).slot === slot;
        } catch (error) {
          return (
            error instanceof AgentError && error.code === 'domain_invalid' && !/\p{C}/u.test(error.message)
          );
        }
      }),
      { numRuns: 2000 },
    );
  },
);

t.test('nothing at or below the base domain is ever accepted', async () => {
  const label = fc.stringMatching(/^[a-zA-Z0-9]([a-zA-Z0-9-]{0,8}[a-zA-Z0-9])?$/);
  fc.assert(
    fc.property(fc.array(label, { maxLength: 4 }), (labels) => {
      try {
        parse([...labels, 'Sites.Example.Net'].join('.'));
        return false;
      } catch {
        return true;
      }
    }),
  );
});
