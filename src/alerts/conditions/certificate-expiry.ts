/** A certificate was not renewed. */
import type { AlertSpec, Commands } from '../../model/alert.js';
import { innkeeper } from '../../kernel/command-line.js';
import { DAY_MS, type MakeCondition, OF_AGENT } from '../condition.js';

/**
 * The renewal of a certificate is late when less than this share of its lifetime is left, even if the lifetime is
 * short.
 */
const LATE = 1 / 4;
const OWN = { base_domain: 'the base domain', api: 'the API' } as const;

interface Ending {
  readonly of: string;
  readonly until: string;
  readonly panel: string | null;
  readonly serviceId: string | null;
  readonly why?: string | null;
  readonly commands: Commands;
}

const specOf = ({ of, until, panel, serviceId, why, commands }: Ending): AlertSpec => ({
  kind: 'certificate_expiry',
  subject: of,
  panel,
  serviceId,
  text: `The certificate of ${of} was not renewed and expires at ${until}.${why ? ` Cause: ${why}` : ''}`,
  commands,
  data: { expires_at: until },
});

export const certificateExpiry: MakeCondition =
  ({ config, state, clock, ownCertificates }) =>
  () => {
    const mostMs = config.alerts.certificate_days * DAY_MS;
    const own = ownCertificates()
      .filter(({ expires_at: until }) => Date.parse(until) - clock.now() < mostMs)
      .map(({ of, expires_at: until }) =>
        specOf({ of: OWN[of], until, ...OF_AGENT, commands: ['innkeeper doctor'] }),
      );
    const customers = state.domains.list().flatMap(({ domain, service, certificate, problem }) => {
      if (service === null || certificate === null) return [];
      const until = Date.parse(certificate.expiresAt);
      const late = Math.min(mostMs, (until - Date.parse(certificate.issuedAt)) * LATE);
      if (until - clock.now() >= late) return [];
      const [panel = null, id = null] = service.split('/');
      const look = innkeeper(['service', 'show', id ?? ''], panel);
      return specOf({
        ...{ of: domain, until: certificate.expiresAt, panel, serviceId: id, why: problem },
        commands: [look, 'innkeeper doctor'],
      });
    });
    return [...own, ...customers];
  };
