/**
 * Rules for customers' domain names: which names may be added, their canonical form, and which names share one slot of
 * the quota.
 */
import { isIP } from 'node:net';
import { parse } from 'tldts';
import { AgentError } from '../kernel/errors.js';
import { readHostName } from '../kernel/host-name.js';
import type { Service } from './service.js';
import type { CustomDomain, Site } from './site.js';

export interface NameRules {
  /**
   * The operator's base domain in lower case. The base domain and all names above and below it belong to the operator.
   */
  readonly baseDomain: string;
  /** Blocked names in lower case. Customers may use neither these names nor names below them. */
  readonly blocked: readonly string[];
  /** Names of the operator's own machines. */
  readonly infrastructure: readonly string[];
}

export interface DomainName {
  /** The name as requested, converted to lower-case A-labels. */
  readonly name: string;
  /** The name that is claimed and counts towards the quota. An apex and its `www` are one slot. */
  readonly slot: string;
  /** The registered domain, for example `example.co.uk` for `shop.example.co.uk`. */
  readonly registered: string;
}

/** Names that programs read as a number or an IP address because of their last label. */
const NUMBERS = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/i;
const SHOWN = 80;

/** Throws `domain_invalid` with a message that says what was expected and what was found. */
export function parseDomain(sent: string, rules: NameRules): DomainName {
  const text = sent.trim().replace(/\.$/, '');
  const shown = shownOf(sent);
  if (text === '') throw refused('Expected a domain name such as example.com, found nothing.');
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text) || text.includes('/'))
    throw refused(`Expected a domain name such as example.com, found the web address "${shown}".`);
  if (isIP(text.replace(/^\[(.*)\]$/, '$1')) !== 0)
    throw refused(`Expected a domain name such as example.com, found the IP address ${shown}.`);
  if (NUMBERS.test(text))
    throw refused(`Expected a domain name such as example.com, found the number "${shown}".`);
  const name = readHostName(sent, { leastLabels: 1 });
  const labels = name?.split('.') ?? [];
  if (name === undefined || (labels.length > 1 && (labels.at(-1) ?? '').length < 2))
    throw refused(`Expected a domain name such as example.com, found "${shown}".`);
  if (labels.length < 2)
    throw refused(`Expected a domain name with at least two parts such as example.com, found "${shown}".`);
  return registeredName(name, rules);
}

function registeredName(name: string, rules: NameRules): DomainName {
  const registered = parse(name, { allowPrivateDomains: true, validateHostname: false }).domain;
  if (registered === null || registered === '')
    throw refused(`Expected a domain of your own, found ${name}, under which anyone can register names.`);
  const { baseDomain } = rules;
  const base = baseDomain.toLowerCase();
  if (isBelow(name, base) || isBelow(base, slotOf(name, registered)))
    throw refused(`Expected a domain of your own, found ${name}, which belongs to ${base}.`);
  const machine = rules.infrastructure.find((other) => slotOf(name, registered) === other.toLowerCase());
  const blocked = rules.blocked.find((other) => isBelow(name, other.toLowerCase()));
  if (machine !== undefined || blocked !== undefined)
    throw refused(`Expected a domain of your own, found ${name}, which cannot be used here.`);
  return { name, slot: slotOf(name, registered), registered };
}

function slotOf(name: string, registered: string): string {
  return name === `www.${registered}` ? registered : name;
}

/** Whether `name` is equal to `above` or lies below it. */
export function isBelow(name: string, above: string): boolean {
  return name === above || name.endsWith(`.${above}`);
}

/** The registered domain of a name; the name itself if it has none. */
export function registeredOf(name: string): string {
  return parse(name, { allowPrivateDomains: true, validateHostname: false }).domain ?? name;
}

/** The slot of a name that was accepted earlier. */
export function slotOfName(name: string): string {
  return slotOf(name, registeredOf(name));
}

/** The parent names of a domain, nearest first, up to the registered domain. */
export function namesAbove({ slot, registered }: DomainName): string[] {
  const above: string[] = [];
  for (let name = slot; name !== registered && name.includes('.');) {
    name = name.slice(name.indexOf('.') + 1);
    above.push(name);
  }
  return above;
}

/** The names of this custom domain under which visitors reach the site. */
export function namesOf(entry: { readonly domain: string; readonly www: boolean }): string[] {
  return entry.www ? [entry.domain, `www.${entry.domain}`] : [entry.domain];
}

type Entry = Parameters<typeof namesOf>[0] & { readonly certificate: CustomDomain['certificate'] };

/** The names of this custom domain that its certificate covers. */
export function certifiedNames(entry: Entry): readonly string[] {
  const { state, names } = entry.certificate;
  if (state !== 'issued') return [];
  return names ?? namesOf(entry);
}

/** All names at which a site is served. The name that the agent assigned comes first. */
export function servedNames(site: Pick<Site, 'fqdn' | 'domains'>): string[] {
  const served = site.domains.filter(({ stray }) => stray?.off !== true);
  return [...new Set([site.fqdn, ...served.flatMap(namesOf)])];
}

/** True if both owners are the same customer of the same panel. */
export function sameOwner(a: Owner, b: Owner): boolean {
  if (a.panel !== b.panel) return false;
  return a.userId !== null && b.userId !== null ? a.userId === b.userId : a.email === b.email;
}

export type Owner = Pick<Service, 'panel' | 'userId' | 'email'>;

/** Cleans text from a request for use in a sentence: removes control characters and markup, and shortens it. */
export function shownOf(text: string): string {
  const clean = text.trim().replace(/[\p{C}<>"]/gu, '?');
  return clean.length > SHOWN ? `${clean.slice(0, SHOWN)}...` : clean;
}

function refused(sentence: string): AgentError {
  return new AgentError('domain_invalid', sentence, { fields: { domain: sentence } });
}
