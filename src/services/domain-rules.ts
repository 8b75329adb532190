/** The configured rules for customers' domains. */
import type { Config } from '../config/config.js';
import { systemHosts } from '../drivers/hosts.js';
import type { NameRules } from '../model/domain-name.js';

export function domainRules(config: Config): NameRules {
  const { agent, domains, dns } = config;
  return {
    baseDomain: agent.base_domain,
    blocked: domains.blocked,
    infrastructure: [...systemHosts(config), ...dns.name_servers],
  };
}
