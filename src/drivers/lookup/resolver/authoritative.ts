/**
 * Finds the servers of the zone that contains a name, and queries all of them. Resolvers are used only to find the
 * addresses of these servers.
 */
import type { Answer } from 'dns-packet';
import type { LookupConfig } from './config.js';
import { isOutOfDescriptors } from '../../../kernel/descriptors.js';
import { AgentError } from '../../../kernel/errors.js';
import { readHostName } from '../../../kernel/host-name.js';
import { abortError } from '../../shared/abort.js';
import { queryServer, type QuestionType, type Reply, type Server } from './dns-query.js';
import { mayAsk } from './reachable.js';

export type Settings = Pick<LookupConfig, 'dns_port' | 'lab_networks' | 'closed_networks'> & {
  readonly resolvers: readonly Server[];
};

interface Zone {
  readonly name: string;
  readonly hosts: readonly string[];
}

const MOST_HOSTS = 6;
const MOST_SERVERS = 8;

/**
 * One lookup with its intermediate results. The results are discarded when the lookup has ended, so that a later
 * lookup never uses outdated results.
 */
export class Authoritative {
  readonly #settings: Settings;
  readonly #signal: AbortSignal;
  readonly #zones = new Map<string, Promise<Zone | undefined>>();
  readonly #servers = new Map<string, Promise<readonly Server[]>>();

  constructor(settings: Settings, signal: AbortSignal) {
    this.#settings = settings;
    this.#signal = signal;
  }

  /** Returns the combined answers of all servers of the name's zone. Throws `lookup_failed` if no server responds. */
  async ask(name: string, type: QuestionType): Promise<readonly Answer[]> {
    const zone = await this.zoneOf(name);
    return zone ? (await this.#askAll(zone, name, type)).flatMap(({ answers }) => answers) : [];
  }

  /**
   * Returns the names of the servers to which the parent zone delegates this name. Unlike `delegation`, this also
   * works if these servers do not have the zone yet.
   */
  async referral(name: string): Promise<readonly string[]> {
    const above = await this.zoneOf(name.slice(name.indexOf('.') + 1));
    if (!above) return [];
    const replies = await this.#askAll(above, name, 'NS');
    const found = replies.flatMap(({ answers, authorities }) => [...answers, ...authorities]);
    const hosts = found.flatMap((answer) =>
      answer.type === 'NS' && bare(answer.name) === name ? (hostOf(answer.data) ?? []) : [],
    );
    return [...new Set(hosts)];
  }

  async #askAll(zone: Zone, name: string, type: QuestionType): Promise<readonly Reply[]> {
    const servers = await this.#serversOf(zone);
    const replies = await Promise.allSettled(
      servers.map((server) => queryServer(server, { name, type, recurse: false }, this.#signal)),
    );
    const good = replies.flatMap((reply) =>
      reply.status === 'fulfilled' && isAnswer(reply.value) ? [reply.value] : [],
    );
    if (good.length > 0) return good;
    throw this.#failed(
      `The name servers of ${zone.name} do not answer.`,
      replies.map((reply) =>
        reply.status === 'fulfilled' ? `code ${reply.value.code}` : String(reply.reason),
      ),
      replies
        .flatMap((reply) => (reply.status === 'rejected' ? [reply.reason as unknown] : []))
        .find((reason) => isOutOfDescriptors(reason)),
    );
  }

  /**
   * Returns the names of the servers in the delegation of the zone, or undefined if the zone has no separate
   * delegation.
   */
  async delegation(zone: string): Promise<readonly string[] | undefined> {
    const found = (await this.#resolve(zone, 'NS')).filter(
      (answer) => answer.type === 'NS' && answer.name.toLowerCase() === zone,
    );
    const hosts = found.flatMap((answer) => (answer.type === 'NS' ? (hostOf(answer.data) ?? []) : []));
    return hosts.length === 0 ? undefined : [...new Set(hosts)];
  }

  /** Returns the zone that contains the name: the name itself if it is a zone, or else the closest zone above it. */
  zoneOf(name: string): Promise<Zone | undefined> {
    const known = this.#zones.get(name);
    if (known) return known;
    const found = this.#findZone(name);
    this.#zones.set(name, found);
    return found;
  }

  async #findZone(name: string): Promise<Zone | undefined> {
    const hosts = await this.delegation(name);
    if (hosts) return { name, hosts };
    const dot = name.indexOf('.');
    return dot < 0 ? undefined : this.zoneOf(name.slice(dot + 1));
  }

  #serversOf(zone: Zone): Promise<readonly Server[]> {
    const known = this.#servers.get(zone.name);
    if (known) return known;
    const found = this.#findServers(zone);
    this.#servers.set(zone.name, found);
    return found;
  }

  async #findServers({ name, hosts }: Zone): Promise<readonly Server[]> {
    const answers = await Promise.allSettled(
      hosts.slice(0, MOST_HOSTS).flatMap((host) => [this.#resolve(host, 'A'), this.#resolve(host, 'AAAA')]),
    );
    const addresses = answers
      .flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
      .flatMap((answer) => (answer.type === 'A' || answer.type === 'AAAA' ? [answer.data] : []));
    const unique = [...new Set(addresses)];
    const servers = unique.filter((address) => mayAsk(address, this.#settings));
    if (servers.length === 0) {
      throw this.#failed(
        unique.length === 0
          ? `The name servers of ${name} have no addresses.`
          : `The name servers of ${name} have private addresses, which are not queried.`,
        [`${hosts.join(', ')}: ${unique.join(', ')}`],
      );
    }
    return servers.slice(0, MOST_SERVERS).map((address) => ({ address, port: this.#settings.dns_port }));
  }

  /** Returns the answer of the first resolver that responds. */
  async #resolve(name: string, type: QuestionType): Promise<readonly Answer[]> {
    const problems: string[] = [];
    let cause: unknown;
    for (const resolver of this.#settings.resolvers) {
      try {
        const reply = await queryServer(resolver, { name, type, recurse: true }, this.#signal);
        if (isAnswer(reply)) return reply.answers;
        problems.push(`${resolver.address}:${resolver.port}: code ${reply.code}`);
      } catch (error) {
        problems.push(String(error));
        cause = error;
      }
    }
    throw this.#failed('The domain cannot be looked up right now.', [`${type} ${name}`, ...problems], cause);
  }

  #failed(message: string, problems: readonly string[], cause?: unknown): AgentError {
    if (this.#signal.aborted && this.#signal.reason instanceof AgentError)
      return abortError(this.#signal, 'lookup_failed', 'looking a domain up');
    return new AgentError('lookup_failed', message, { role: 'DNS', detail: problems.join('; '), cause });
  }
}

function isAnswer({ code }: Reply): boolean {
  return code === 0 || code === 3;
}

/**
 * Returns the host name in a record that another party controls. Returns undefined if the value is not a host name;
 * such a value is neither queried nor shown.
 */
export function hostOf(data: string): string | undefined {
  return readHostName(data, { underscores: true, leastLabels: 1 });
}

export function bare(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
