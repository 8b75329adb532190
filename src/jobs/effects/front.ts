/** Effects on the public side of a site: DNS records, the reverse proxy, and requests to its public address. */
import { servedNames } from '../../model/domain-name.js';
import { AgentError } from '../../kernel/errors.js';
import { guestOf, siteOf } from '../../model/service.js';
import { publicRecords } from '../../model/public-records.js';
import { driverCall, type EffectOf, holding, mark } from './effect.js';
import { resolved } from './service-secrets.js';

const ZONE = { name: 'zone', limit: 4 } as const;

export const ensureDns: EffectOf<'dns.ensure'> = async (effect) => {
  const { deps, journal } = effect;
  const service = await journal.subject();
  const call = await driverCall(effect);
  await holding(effect, [ZONE], async () => {
    for (const { type, values } of publicRecords(service)) {
      if (values.length > 0) {
        await deps.drivers.dns.ensureRecord(
          { name: siteOf(service).fqdn, type, values, mark: mark(effect, service) },
          call,
        );
      }
    }
  });
};

export const removeDns: EffectOf<'dns.remove'> = async (effect) => {
  const { deps, journal } = effect;
  const service = await journal.subject();
  const call = await driverCall(effect);
  await holding(effect, [ZONE], async () => {
    for (const { type } of publicRecords(service)) {
      await deps.drivers.dns.removeRecord(
        { name: siteOf(service).fqdn, type, mark: mark(effect, service) },
        call,
      );
    }
  });
};

export const ensureProxy: EffectOf<'proxy.ensure'> = async (effect, { state, port, without = [] }) => {
  const { deps, journal } = effect;
  const service = await journal.subject();
  const address = guestOf(service).addresses[0]?.address;
  if (address === undefined)
    throw new AgentError('module_failed', 'The service does not have an address yet.', { retryable: false });
  const names = servedNames(siteOf(service)).filter((name) => !without.includes(name));
  await deps.drivers.proxy.ensureHost(
    { mark: mark(effect, service), names, upstream: { address, port }, state },
    await driverCall(effect),
  );
};

export const removeProxy: EffectOf<'proxy.remove'> = async (effect) => {
  const service = await effect.journal.subject();
  await effect.deps.drivers.proxy.removeHost(mark(effect, service), await driverCall(effect));
};

export const fetchSite: EffectOf<'site.fetch'> = async (effect, request) => {
  const { deps, journal } = effect;
  const service = await journal.subject();
  const { form, ...rest } = request;
  return deps.drivers.web.fetch(
    {
      ...rest,
      method: request.method ?? 'GET',
      host: siteOf(service).fqdn,
      ...(form ? { form: await resolved(effect, form) } : {}),
    },
    await driverCall(effect),
  );
};
