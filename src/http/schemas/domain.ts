/** A service's domains in answers, and the bodies of the calls about them. */
import { Type } from 'typebox';
import type { DomainList } from '../../domains/list-domains.js';
import { Instant, nullable, ServiceIdIn } from './common.js';

const DomainView = Type.Object({
  domain: Type.String(),
  www: Type.Boolean({ description: 'Its `www` is served too.' }),
  dns: Type.String({ description: 'How it was shown to be yours: `routing` or `txt`.' }),
  certificate: Type.Object({
    state: Type.Enum(['none', 'pending', 'issued', 'failed']),
    expires_at: nullable(Instant),
    problem: nullable(Type.String({ description: 'What must change, in one sentence.' })),
  }),
  added_at: Instant,
  enabled: Type.Boolean({ description: 'False: it led elsewhere for too long and is not served.' }),
  problem: nullable(Type.String({ description: 'Where it leads instead of here, in one sentence.' })),
});

export const domainProperties = {
  domains: Type.Array(Type.String()),
  details: Type.Array(DomainView),
  count: Type.Integer({ description: 'How many more may be added.' }),
  used: Type.Integer(),
  allowed: Type.Integer(),
  quota: Type.String({ description: '`1/3`' }),
  txt_challenge: nullable(
    Type.String({
      description:
        'What a TXT record `_innkeeper-challenge.<domain>` must hold to prove a domain; null before one was first asked for.',
    }),
  ),
  wish: nullable(
    Type.Object(
      { domain: Type.String(), problem: nullable(Type.String()), next_try_at: Instant },
      { description: 'The domain of the order, while it does not lead here yet; `deldomain` lets go of it.' },
    ),
  ),
};

export function viewDomainList({ domains, used, allowed, challenge, request }: DomainList) {
  return {
    domains: domains.map(({ domain }) => domain),
    details: domains.map(({ domain, www, provenBy, certificate, addedAt, stray }) => ({
      domain,
      www,
      dns: provenBy,
      certificate: {
        state: certificate.state,
        expires_at: certificate.expiresAt,
        problem: certificate.problem,
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
  description: 'A domain name; an apex stands for its `www` too.',
});

export const ServiceAndDomain = Type.Object({ service_id: ServiceIdIn, domain: DomainIn });
