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
      '`none`: not ordered. `pending`: ordered. `issued`: in use. `failed`: will be retried; `problem` ' +
        'says why.',
      'issued',
    ),
    expires_at: nullable(
      instant('When the certificate expires. Null: none has been issued yet.', '2026-05-30T12:00:00.000Z'),
    ),
    problem: nullable(
      text(
        'What the customer must change. Also says why the certificate does not include one of the names. ' +
          'Null: nothing.',
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
    domain: text('The name, in ASCII form.', DOMAIN),
    www: flag('The `www` name is served too.', true),
    dns: text('How ownership of the domain was proved: `routing` or `txt`.', 'routing'),
    certificate: CertificateView,
    added_at: instant('When the domain was added.'),
    enabled: flag('False: the domain pointed elsewhere for too long and is no longer served.', true),
    problem: nullable(
      text('Where the domain points instead of here, in one sentence. Null: it points here.', ''),
      null,
    ),
  },
  { title: 'Domain', description: 'A custom domain of a service.' },
);

const RequestedDomain = Type.Object(
  {
    domain: text('The name that was ordered.', DOMAIN),
    problem: nullable(
      text(
        'Why the domain cannot be added yet, in one sentence. Null: it has not been tried yet.',
        'It does not point to this server yet.',
      ),
    ),
    next_try_at: instant('When the agent retries.', '2026-03-01T12:15:00.000Z'),
  },
  {
    title: 'RequestedDomain',
    description:
      'The domain of the order, while it does not point here yet. `POST /action/deldomain` withdraws ' +
      'it. Null: there is none.',
  },
);

export const DomainListView = Type.Object(
  {
    domains: list('The domains, oldest first.', [DOMAIN]),
    details: Type.Array(DomainView, { description: 'The same domains with details.' }),
    count: whole('The number of domains that the plan still allows.', 2),
    used: whole('The number of domains of the service.', 1),
    allowed: whole('The number of domains that the plan allows.', 3),
    quota: text('Both numbers as text: used/allowed.', '1/3'),
    txt_challenge: nullable(
      text(
        'The required content of the TXT record `_innkeeper-challenge.<domain>` that proves ownership of ' +
          'a domain. Null: no domain has needed it yet.',
        'k7qv2m9x4t8w3z6r1p5n0s2d7f4h9j3b',
      ),
      null,
    ),
    wish: nullable(RequestedDomain, null),
  },
  { title: 'DomainList', description: 'The custom domains of a service and its quota.' },
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
  description: 'A domain name. An apex domain includes its `www` name.',
  examples: [DOMAIN],
});

export const ServiceAndDomain = Type.Object({ service_id: ServiceIdIn, domain: DomainIn });
