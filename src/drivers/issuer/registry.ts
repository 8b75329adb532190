/** The issuers of certificates, by the names of their blocks in `domains`. The first one that is enabled is used. */
import { acme } from './acme/config.js';
import { localCa } from './local/config.js';

export const ISSUERS = {
  acme: { config: acme, driver: () => import('./acme/index.js'), doctor: () => import('./acme/doctor.js') },
  local_ca: {
    config: localCa,
    driver: () => import('./local/index.js'),
    doctor: () => import('./local/doctor.js'),
  },
};

/** The issuer that is used if no other one is enabled. */
export const NO_ISSUER = {
  driver: () => import('./none/index.js'),
  doctor: () => import('./none/doctor.js'),
};

type Settings = Parameters<typeof acme.isOn>[0] & Parameters<typeof localCa.isOn>[0];

/** Returns the issuer that the configuration enables. */
export function chosenIssuer(config: Settings) {
  return Object.values(ISSUERS).find(({ config: part }) => part.isOn(config)) ?? NO_ISSUER;
}
