/** A service's domains in responses, and the request bodies of their endpoints. */
import { Type } from 'typebox';
import type { DomainList } from '../../domains/list-domains.js';
import { certifiedNames } from '../../model/domain-name.js';
import { ServiceIdIn } from './common.js';
import { DOMAIN } from './examples.js';
import { flag, instant, list, nullable, text, whole, word } from './fields.js';

const CertificateView = Type.Object(
  {
    state: word(
      ['none', 'pending', 'issued', 'failed'],
      '`none`: no certificate was ordered. `pending`: the certificate was ordered. `issued`: the ' +
        'certificate is in use. `failed`: the order failed and will be retried; `problem` contains the ' +
        'reason.',
      'issued',
    ),
    expires_at: nullable(
      instant(
        'The time at which the certificate expires. The value is null if no certificate has been ' +
          'issued yet.',
        '2026-05-30T12:00:00.000Z',
      ),
    ),
    problem: nullable(
      text(
        'What the customer must change so that the certificate can be issued or can include all ' +
          'names. The value is null if there is no problem.',
        '',
      ),
      null,
    ),
    names: list('The names that the certificate is valid for.', [DOMAIN, `www.${DOMAIN}`]),
  },
  { title: 'DomainCertificate', description: "The domain's certificate." },
);

const DomainView = Type.Object(
  {
    domain: text('The domain name in ASCII form.', DOMAIN),
    www: flag('True if the site is also served under the `www` name of the domain.', true),
    dns: text(
      'How ownership of the domain was proved. `routing`: the domain pointed to the service. `txt`: the ' +
        'domain had the required TXT record.',
      'routing',
    ),
    certificate: CertificateView,
    added_at: instant('The time at which the domain was added.'),
    enabled: flag('False if the domain is no longer served because it pointed elsewhere for too long.', true),
    problem: nullable(
      text(
        'If the domain does not point to this service, a sentence that says where it points. The ' +
          'value is null if the domain points to the service.',
        '',
      ),
      null,
    ),
  },
  { title: 'Domain', description: 'A custom domain of a service.' },
);

const RequestedDomain = Type.Object(
  {
    domain: text('The domain that was ordered with the site.', DOMAIN),
    problem: nullable(
      text(
        'A sentence that says why the domain could not be added yet. The value is null before the first attempt.',
        'It does not point to this server yet.',
      ),
    ),
    next_try_at: instant(
      'The time at which the agent tries to add the domain again.',
      '2026-03-01T12:15:00.000Z',
    ),
  },
  {
    title: 'RequestedDomain',
    description:
      'The domain that was ordered with the site but cannot be added yet. `POST /action/deldomain` ' +
      'withdraws the domain. The value is null if there is no such domain.',
  },
);

export const DomainListView = Type.Object(
  {
    domains: list('The domains, sorted from oldest to newest.', [DOMAIN]),
    details: Type.Array(DomainView, { description: 'The same domains as in `domains`, with details.' }),
    count: whole('The number of domains that can still be added within the quota of the plan.', 2),
    used: whole('The number of domains of the service.', 1),
    allowed: whole('The number of domains that the plan allows.', 3),
    quota: text('`used` and `allowed` as text, separated by a slash.', '1/3'),
    txt_challenge: nullable(
      text(
        'The value that the TXT record `_innkeeper-challenge.<domain>` must have to prove ownership of ' +
          'a domain. The value is null until a domain needs such a proof for the first time.',
        'k7qv2m9x4t8w3z6r1p5n0s2d7f4h9j3b',
      ),
      null,
    ),
    wish: nullable(RequestedDomain, null),
  },
  {
    title: 'DomainList',
    description: 'The custom domains of a service, and how many domains its plan allows.',
  },
);

export const DomainName = text('The domain, in ASCII form.', DOMAIN);

export function viewDomainList({ domains, used, allowed, challenge, request }: DomainList) {
  return {
    domains: domains.map(({ domain }) => domain),
    details: domains.map(({ certificate, addedAt, stray, ...entry }) => ({
      domain: entry.domain,
      www: entry.www,
      dns: entry.provenBy,
      certificate: {
        state: certificate.state,
        expires_at: certificate.expiresAt,
        problem: certificate.problem,
        names: [...certifiedNames({ ...entry, certificate })],
      },
      added_at: addedAt,
      enabled: stray?.off !== true,
      problem: stray?.problem ?? null,
    })),
    count: Math.max(0, allowed - used),
    used,
    allowed,
    quota: `${used}/${allowed}`,
    txt_challenge: challenge,
    wish: request ? { domain: request.name, problem: request.problem, next_try_at: request.nextAt } : null,
  };
}

export const DomainIn = Type.String({
  maxLength: 300,
  'x-rule': 'must be a domain name such as example.com',
  description: 'A domain name. Adding an apex domain also adds its `www` name.',
  examples: [DOMAIN],
});

export const ServiceAndDomain = Type.Object({ service_id: ServiceIdIn, domain: DomainIn });
