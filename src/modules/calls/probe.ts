/** Checks of other systems for modules. A system that does not respond is a result and not an error. */
import { Resolver } from 'node:dns/promises';
import { connect as connectTcp, isIP } from 'node:net';
import { connect as connectTls, type PeerCertificate, type TLSSocket } from 'node:tls';
import { lookup } from 'node:dns/promises';
import { withLimit } from '../../kernel/async/with-limit.js';
import { onAbort } from '../../kernel/async/on-abort.js';
import { reasonOf } from '../../kernel/async/reason.js';
import { cleaned } from '../../kernel/text.js';
import { abortError } from '../../drivers/shared/abort.js';
import { runChild } from '../../drivers/shared/child.js';
import type { ModuleCaller } from '../../jobs/effects/module-calls.js';
import type {
  DnsProbe,
  DnsProbeResult,
  PingProbe,
  PingResult,
  TcpProbe,
  TcpResult,
  TlsProbe,
  TlsResult,
} from '../kit/module-call-types.js';
import type { ModuleCall } from './call.js';
import { type IsPublic, NotPublicError, publicLookup, refusePrivate } from './public-addresses.js';

export interface Probes {
  readonly ping: ModuleCall<'probe.ping'>;
  readonly tcp: ModuleCall<'probe.tcp'>;
  readonly tls: ModuleCall<'probe.tls'>;
  readonly dns: ModuleCall<'probe.dns'>;
}

const DEFAULT_TIMEOUT_S = 5;
const PING_OUTPUT = 8_192;
const MOST_NAMES = 100;
const MOST_VALUES = 100;

export function probes(isPublic: IsPublic): Probes {
  return {
    ping: (caller, options) =>
      limited<PingResult>(
        caller,
        options,
        (signal) => ping(options, isPublic, signal),
        (problem) => ({ alive: false, ms: null, problem }),
      ),
    tcp: (caller, options) =>
      limited<TcpResult>(
        caller,
        options,
        (signal) => openTcp(options, isPublic, signal),
        (problem) => ({ open: false, ms: null, problem }),
      ),
    tls: (caller, options) =>
      limited<TlsResult>(
        caller,
        options,
        (signal) => handshake(options, isPublic, signal),
        (problem) => ({ connected: false, trusted: false, problem, certificate: null }),
      ),
    dns: (caller, options) =>
      limited<DnsProbeResult>(
        caller,
        options,
        (signal) => records(options, signal),
        (problem) => ({ values: [], problem }),
      ),
  };
}

async function ping(options: PingProbe, isPublic: IsPublic, signal: AbortSignal): Promise<PingResult> {
  const address = await addressOf(options, isPublic);
  const seconds = Math.ceil(options.timeoutS ?? DEFAULT_TIMEOUT_S);
  const argv = ['ping', '-n', '-c', '1', '-W', String(seconds), '--', address];
  const { code, stdout, stderr } = await runChild(argv, { maxOutputBytes: PING_OUTPUT }, signal);
  if (code !== 0) return { alive: false, ms: null, problem: cleaned(stderr) || 'no response' };
  const ms = /time[=<]([\d.]+) ms/.exec(stdout)?.[1];
  return { alive: true, ms: ms === undefined ? null : Number(ms), problem: null };
}

/** Runs `work` with the time limit of the probe. Its error becomes a result, unless the caller was stopped. */
async function limited<T>(
  caller: ModuleCaller,
  { timeoutS = DEFAULT_TIMEOUT_S }: { readonly timeoutS?: number },
  work: (signal: AbortSignal) => Promise<T>,
  failed: (problem: string) => T,
): Promise<T> {
  try {
    return await withLimit(caller.signal, timeoutS * 1000, work);
  } catch (error) {
    if (caller.signal.aborted) throw abortError(caller.signal, 'remote_unreachable', 'probing a system');
    return failed(cleaned(error instanceof Error ? error.message : String(error)));
  }
}

/** The address to ping. It is resolved here, so that the address that is contacted is the one that was checked. */
async function addressOf(
  { host, publicOnly = false }: { readonly host: string; readonly publicOnly?: boolean },
  isPublic: IsPublic,
): Promise<string> {
  if (!publicOnly) return host;
  refusePrivate(host, isPublic);
  if (isIP(host) !== 0) return host;
  const found = (await lookup(host, { all: true })).find(({ address }) => isPublic(address));
  if (!found) throw new NotPublicError(`${host} has no public address`);
  return found.address;
}

function openTcp(
  { host, port, publicOnly }: TcpProbe,
  isPublic: IsPublic,
  signal: AbortSignal,
): Promise<TcpResult> {
  return new Promise((resolve, reject) => {
    if (publicOnly === true) refusePrivate(host, isPublic);
    const guard = publicOnly === true ? { lookup: publicLookup(isPublic) } : {};
    const began = performance.now();
    const socket = connectTcp({ host, port, ...guard });
    const forget = onAbort(signal, () => socket.destroy(reasonOf(signal)));
    socket.on('error', reject);
    socket.on('close', () => {
      forget();
      reject(new Error('closed'));
    });
    socket.on('connect', () => {
      resolve({ open: true, ms: Math.round((performance.now() - began) * 10) / 10, problem: null });
      socket.destroy();
    });
  });
}

function handshake(
  { host, port = 443, serverName = host, publicOnly, ca }: TlsProbe,
  isPublic: IsPublic,
  signal: AbortSignal,
): Promise<TlsResult> {
  return new Promise((resolve, reject) => {
    if (publicOnly === true) refusePrivate(host, isPublic);
    const guard = publicOnly === true ? { lookup: publicLookup(isPublic) } : {};
    const name = isIP(serverName) === 0 ? { servername: serverName } : {};
    // the certificate is reported even if it is not valid
    const socket = connectTls({
      ...{ host, port, rejectUnauthorized: false, ...name, ...guard },
      ...(ca === undefined ? {} : { ca }),
    });
    const forget = onAbort(signal, () => socket.destroy(reasonOf(signal)));
    socket.on('error', reject);
    socket.on('close', () => {
      forget();
      reject(new Error('closed'));
    });
    socket.on('secureConnect', () => {
      resolve(resultOf(socket));
      socket.destroy();
    });
  });
}

function resultOf(socket: TLSSocket): TlsResult {
  const certificate = socket.getPeerCertificate();
  const isEmpty = Object.keys(certificate).length === 0;
  // Node's types do not say that this is null for a trusted certificate
  const problem = socket.authorizationError as Error | string | null;
  return {
    connected: true,
    trusted: socket.authorized,
    problem: socket.authorized
      ? null
      : cleaned(problem instanceof Error ? problem.message : (problem ?? 'unknown')),
    certificate: isEmpty ? null : certificateOf(certificate),
  };
}

function certificateOf(certificate: PeerCertificate): NonNullable<TlsResult['certificate']> {
  const names = (certificate.subjectaltname ?? '').split(', ').flatMap((entry) => {
    const [, name] = /^(?:DNS|IP Address):(.+)$/.exec(entry) ?? [];
    return name === undefined ? [] : [cleaned(name)];
  });
  return {
    subject: nameOf(certificate.subject),
    issuer: nameOf(certificate.issuer),
    names: names.slice(0, MOST_NAMES),
    validFrom: new Date(certificate.valid_from).toISOString(),
    validTo: new Date(certificate.valid_to).toISOString(),
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
  };
}

function nameOf({ CN, O }: { readonly CN?: unknown; readonly O?: unknown }): string {
  const name = [CN, O].flat().find((one) => typeof one === 'string' && one !== '');
  return cleaned(typeof name === 'string' ? name : '');
}

/** Response codes that mean that the name has no such records. */
const NO_RECORDS: readonly string[] = ['ENODATA', 'ENOTFOUND'];

async function records({ name, type }: DnsProbe, signal: AbortSignal): Promise<DnsProbeResult> {
  const resolver = new Resolver();
  const forget = onAbort(signal, () => resolver.cancel());
  try {
    const found = await resolve(resolver, name, type);
    return { values: found.slice(0, MOST_VALUES).map((value) => cleaned(value)), problem: null };
  } catch (error) {
    if (signal.aborted) throw reasonOf(signal);
    const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
    if (NO_RECORDS.some((one) => one === code)) return { values: [], problem: null };
    throw error;
  } finally {
    forget();
  }
}

async function resolve(resolver: Resolver, name: string, type: DnsProbe['type']): Promise<string[]> {
  switch (type) {
    case 'A':
      return resolver.resolve4(name);
    case 'AAAA':
      return resolver.resolve6(name);
    case 'CNAME':
      return resolver.resolveCname(name);
    case 'NS':
      return resolver.resolveNs(name);
    case 'PTR':
      return resolver.resolvePtr(name);
    case 'TXT':
      return (await resolver.resolveTxt(name)).map((parts) => parts.join(''));
    case 'MX':
      return (await resolver.resolveMx(name)).map(({ priority, exchange }) => `${priority} ${exchange}`);
  }
}
