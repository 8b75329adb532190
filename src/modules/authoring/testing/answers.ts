/**
 * The answers of a simulated agent to every call that module code can make. A call without an answer does not compile.
 */
import { pino } from 'pino';
import { neverAborted } from '../../../kernel/async/never.js';
import { AgentError } from '../../../kernel/errors.js';
import type { ModuleCaller } from '../../../jobs/effects/module-calls.js';
import * as crypto from '../../calls/crypto.js';
import { jwtCalls } from '../../calls/jwt.js';
import * as secrets from '../../calls/secrets.js';
import type { HostCallAnswer, HostCallArgs, HostCallName } from '../../kit/host-calls.js';
import type { AnswerTable } from './answer-types.js';
import type { FakeOptions, Reveal } from './options.js';
import { serverOf } from './views.js';
import type { World } from './world.js';

export function usualAnswers(world: World, options: FakeOptions): AnswerTable {
  return {
    ...containerAnswers(world, options),
    ...frontAnswers(world, options),
    ...secretAnswers(world),
    ...outsideAnswers(world, options),
    ...world.collections.calls,
    'servers.allocate': () => ({ id: serverOf(options).id, name: serverOf(options).name }),
    'servers.current': () => serverOf(options),
    'plan.check': () => undefined,
    'data.save': (values) => world.save(values),
    'metrics.observe': () => undefined,
    'events.emit'(word, data = {}) {
      const id = `01900000-0000-7000-8000-2${String(world.events.length).padStart(11, '0')}`;
      world.events.push({ id, word, data });
      return { id };
    },
    'tasks.add'(method, options = {}) {
      const id = `01900000-0000-7000-8000-1${String(world.tasks.length).padStart(11, '0')}`;
      world.tasks.push({ id, method, options });
      return { id };
    },
    'lifecycle.prepare': () => undefined,
    'lifecycle.discard': () => undefined,
    'lifecycle.finish': () => undefined,
  };
}

type Group<G extends string> = Pick<AnswerTable, Extract<HostCallName, `${G}.${string}`>>;

function containerAnswers(world: World, { script }: FakeOptions): Group<'container'> {
  const { container } = world;
  const place = { vmid: 101, node: 'pve1' };
  return {
    'container.allocate': () => place,
    'container.ensure'() {
      container.make();
      return place;
    },
    'container.checkImage': () => container.assertMade(),
    'container.start': () => container.power(true),
    async 'container.run'(call) {
      container.assertRunning();
      world.scripts.push(call);
      const said = await script?.(call, world.reveal);
      return { stdout: said?.stdout ?? '', stderr: said?.stderr ?? '' };
    },
    'container.stop': () => container.halt(),
    'container.resize': () => container.assertMade(),
    'container.converge': () => container.assertMade(),
    'container.snapshot': (name, _description, kind) => container.snapshot(name, kind),
    'container.unsnapshot': (name) => container.unsnapshot(name),
    'container.rollback': (name) => container.rollback(name),
    'container.look': () => container.look(),
    'container.remove': () => container.remove(),
  };
}

function frontAnswers(
  { front, requests }: World,
  { site }: FakeOptions,
): Group<'ha'> & Group<'dns'> & Group<'proxy'> & Group<'site'> {
  return {
    'ha.ensure': () => void front.add('high-availability resource'),
    'ha.remove': () => void front.delete('high-availability resource'),
    'dns.ensure': () => void front.add('DNS records'),
    'dns.remove': () => void front.delete('DNS records'),
    'proxy.ensure': () => void front.add('proxy host'),
    'proxy.remove': () => void front.delete('proxy host'),
    async 'site.fetch'(request) {
      requests.push(request);
      if (!site) throw new AgentError('site_unreachable', 'The site does not answer.');
      return site(request);
    },
  };
}

function secretAnswers(world: World): Group<'secrets'> & Group<'crypto'> {
  const caller: ModuleCaller = {
    module: { type: 'product', name: 'test' },
    service: null,
    secrets: world.secrets,
    signal: neverAborted(),
    log: pino({ enabled: false }),
  };
  const jwt = jwtCalls({ now: () => Date.now() });
  return {
    'secrets.ensure': (...args) => secrets.ensure(caller, ...args),
    'secrets.put': (...args) => secrets.put(caller, ...args),
    'secrets.password': (...args) => secrets.password(caller, ...args),
    'crypto.digest': (call) => crypto.digest(caller, call),
    'crypto.hmac': (call) => crypto.hmac(caller, call),
    'crypto.verify': (call) => crypto.verify(caller, call),
    'crypto.basic': (call) => crypto.basic(caller, call),
    'crypto.signJwt': (call) => jwt.sign(caller, call),
    'crypto.verifyJwt': (call) => jwt.verify(caller, call),
  };
}

function outsideAnswers(
  world: World,
  { http }: FakeOptions,
): Group<'cache'> & Group<'http'> & Group<'probe'> & Group<'alerts'> & Group<'services'> & Group<'mail'> {
  const { cache, alerts, mails } = world;
  const problem = 'the simulated agent contacts no other systems';
  return {
    'cache.get': (key) => cache.get(key)?.value ?? null,
    'cache.put': (key, value, { tags = [] } = {}) => void cache.set(key, { value, tags }),
    'cache.forget': (key) => cache.delete(key),
    'cache.flush': (tags) => flush(cache, tags),
    'http.request': (request) => respond(http, request, world.reveal),
    'probe.ping': () => ({ alive: false, ms: null, problem }),
    'probe.tcp': () => ({ open: false, ms: null, problem }),
    'probe.tls': () => ({ connected: false, trusted: false, problem, certificate: null }),
    'probe.dns': () => ({ values: [], problem }),
    'alerts.raise': (key, alert) => void alerts.set(key, alert),
    'alerts.clear': (key) => void alerts.delete(key),
    'services.get': () => null,
    'services.page': () => ({ services: [], next: null }),
    'mail.send'(message) {
      mails.push(message);
      const accepted = [...message.to, ...(message.cc ?? []), ...(message.bcc ?? [])];
      return { messageId: message.messageId ?? `<${mails.length}@test.example>`, accepted, rejected: [] };
    },
  };
}

function flush(cache: World['cache'], tags: readonly string[] | undefined): number {
  const gone = [...cache].filter(([, { tags: own }]) => !tags || own.some((tag) => tags.includes(tag)));
  for (const [key] of gone) cache.delete(key);
  return gone.length;
}

async function respond(
  http: FakeOptions['http'],
  request: HostCallArgs<'http.request'>[0],
  reveal: Reveal,
): Promise<HostCallAnswer<'http.request'>> {
  if (!http)
    throw new AgentError('remote_unreachable', 'The system does not respond.', {
      detail: `no answer is defined for ${request.method ?? 'GET'} ${request.url}: give the option \`http\``,
    });
  const { status = 200, headers = {}, body, json } = await http(request, reveal);
  return { status, headers, body: body ?? (json === undefined ? '' : JSON.stringify(json)) };
}
