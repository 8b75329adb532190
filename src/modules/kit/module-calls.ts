/**
 * Declares the calls that the code of every module can make, also if it does not work on a service. The calls that
 * change a service are declared in `host-calls.ts`.
 */
import type { Json, JsonObject } from '../../kernel/json.js';
import type { SecretRef } from './host-call-types.js';
import { call } from './host-call.js';
import type { JwtCheck, JwtResult, JwtSigning } from './jwt-types.js';
import type { MailMessage, MailResult } from './mail-types.js';
import type {
  AlertCall,
  BasicCheck,
  CacheOptions,
  DigestCall,
  DnsProbe,
  DnsProbeResult,
  HmacCall,
  HttpRequest,
  HttpResponse,
  PasswordOptions,
  PingProbe,
  PingResult,
  ServicePage,
  ServiceQuery,
  ServiceSummary,
  TcpProbe,
  TcpResult,
  Text,
  TlsProbe,
  TlsResult,
  VerifyCall,
} from './module-call-types.js';
import type { AddedTask, EmittedEvent, TaskOptions } from './task-types.js';

export const MODULE_CALLS = {
  secrets: {
    /**
     * Returns the secret with this name. If it does not exist yet, it is generated (letters and digits, by default 24
     * characters). Secrets are stored encrypted.
     */
    ensure: call<[name: string, length?: number], SecretRef>(),
    /**
     * Stores a secret that came from another system, encrypted, or a copy of another secret. Replaces the secret with
     * this name. At most 16 KiB. The secret is durable when the promise resolves.
     */
    put: call<[name: string, value: Text], SecretRef>(),
    /** Like `ensure`, with a choice of the characters. `context.password` is the same function. */
    password: call<[options?: PasswordOptions], SecretRef>(),
  },
  cache: {
    /** The value, or null if there is none or its time has passed. */
    get: call<[key: string], Json>(),
    /** Keeps the value, which must not be null. At most 256 KiB. */
    put: call<[key: string, value: Json, options?: CacheOptions]>(),
    /** Removes the value. Resolves to whether there was one. */
    forget: call<[key: string], boolean>(),
    /**
     * Removes all values that have one of these tags, or all values of the module if there are no tags. Resolves to
     * their number.
     */
    flush: call<[tags?: readonly string[]], number>(),
  },
  http: {
    /**
     * Sends one HTTP request. Resolves for every status. Redirects are not followed. Throws `remote_unreachable` if
     * there is no response, and `remote_failed` if the response is too large or is not valid HTTP.
     */
    request: call<[request: HttpRequest], HttpResponse>(),
  },
  crypto: {
    /** The digest of the parts, one after the other. */
    digest: call<[options: DigestCall], string>(),
    hmac: call<[options: HmacCall], string>(),
    /** Whether `signature` is the HMAC of the parts. The comparison takes the same time for every signature. */
    verify: call<[options: VerifyCall], boolean>(),
    /** Whether an `Authorization` header has this user and password (HTTP basic authentication). */
    basic: call<[options: BasicCheck], boolean>(),
    /** A JSON Web Token. `iat` is set to now. */
    signJwt: call<[options: JwtSigning], string>(),
    verifyJwt: call<[options: JwtCheck], JwtResult>(),
  },
  probe: {
    /** Sends one ICMP echo request with the program `ping`. */
    ping: call<[options: PingProbe], PingResult>(),
    /** Opens a TCP connection and closes it. */
    tcp: call<[options: TcpProbe], TcpResult>(),
    /** Makes a TLS handshake and reads the certificate, whether or not the certificate is valid. */
    tls: call<[options: TlsProbe], TlsResult>(),
    /** Looks up DNS records with the resolvers of the system. */
    dns: call<[options: DnsProbe], DnsProbeResult>(),
  },
  alerts: {
    /**
     * Raises an alert for operators, or changes the text of the alert with this key. The alert is durable when the
     * promise resolves. It stays active until `clear` is called, or its service is deleted, or the module is removed.
     */
    raise: call<[key: string, alert: AlertCall]>(),
    /** Clears the alert with this key. Does nothing if there is none. */
    clear: call<[key: string]>(),
  },
  services: {
    /**
     * A service, or null if there is none. The module must declare `reads: ['services']`. `panel` defaults to the panel
     * of the service that the code works on, or else to `default`.
     */
    get: call<[id: string, panel?: string], ServiceSummary | null>(),
    /** The services that match the query, in the order of panel and ID. Requires `reads: ['services']`. */
    page: call<[query?: ServiceQuery], ServicePage>(),
  },
  mail: {
    /**
     * Sends a message through an SMTP server. Throws `remote_unreachable` if the server does not respond or asks to try
     * again later, and `remote_failed` if it refuses the message or the login.
     */
    send: call<[message: MailMessage], MailResult>(),
  },
  tasks: {
    /**
     * Adds a task that calls this function of the module (`tasks` of its class). The task is durable when the promise
     * resolves.
     */
    add: call<[method: string, options?: TaskOptions], AddedTask>(),
  },
  events: {
    /**
     * Announces an event of the module, which other modules handle as `module:<type>/<name>:<word>`. The tasks of the
     * handlers are durable when the promise resolves.
     */
    emit: call<[word: string, data?: JsonObject], EmittedEvent>(),
  },
  metrics: {
    /** Counts a run for `context.measure`. */
    observe: call<[name: string, seconds: number, failed: boolean]>(),
  },
} as const;
