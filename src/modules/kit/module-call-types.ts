/** Arguments and results of the calls in `module-calls.ts`. */
import type { JsonObject } from '../../kernel/json.js';
import type { Lifecycle, SuspensionReason } from '../../model/service.js';
import type { SecretRef } from './host-call-types.js';

/** A text, or a secret whose value the main thread inserts. */
export type Text = string | SecretRef;

export const CHARACTER_CLASSES = ['lower', 'upper', 'digit', 'symbol'] as const;
export type CharacterClass = (typeof CHARACTER_CLASSES)[number];

export interface PasswordOptions {
  /**
   * Name of the secret; default `password`. If the secret exists, it is returned unchanged, so a step that runs again
   * gets the same password.
   */
  readonly name?: string;
  /** 12 to 128 characters; default 24. */
  readonly length?: number;
  /** The password contains at least one character of each class. Default: `lower`, `upper` and `digit`. */
  readonly classes?: readonly CharacterClass[];
}

export interface CacheOptions {
  /** Seconds for which the value is kept, at most 30 days; default one hour. */
  readonly ttlS?: number;
  /** At most 10 tags, for `flush`. */
  readonly tags?: readonly string[];
}

export const HTTP_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** Which certificate a server must have. Without these, the system's certificate authorities decide. */
export interface TlsTrust {
  /** PEM of the certificate authorities to trust instead of the system's. */
  readonly ca?: string;
  /**
   * SHA-256 of the server's certificate, hexadecimal, with or without colons. Only this certificate is accepted; its
   * name, dates and issuer do not matter.
   */
  readonly fingerprint?: string;
}

export interface HttpRequest {
  /** An absolute `http` or `https` URL, or a path below `baseUrl`. It must not contain a user name or password. */
  readonly url: string;
  readonly baseUrl?: string;
  /** Default: GET. */
  readonly method?: (typeof HTTP_METHODS)[number];
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly headers?: Readonly<Record<string, Text>>;
  readonly basicAuth?: { readonly user: Text; readonly password: Text };
  /** Sends `Authorization: Bearer ...`. */
  readonly bearer?: Text;
  /** At most one of `form`, `json` and `body`. Secrets in `json` are objects like `{"secret": "name"}`. */
  readonly form?: Readonly<Record<string, Text>>;
  readonly json?: unknown;
  /** Sends `json` as it is, also if it contains objects that look like references to secrets. */
  readonly literalJson?: boolean;
  readonly body?: string;
  /** Seconds for the whole call with all its tries, at most 300; default 30. */
  readonly timeoutS?: number;
  /**
   * How often a failed request is sent again: if there is no response, or its status is 429, 502, 503 or 504. At most
   * 5. Default: 2 for GET, HEAD, PUT and DELETE, otherwise 0.
   */
  readonly retries?: number;
  /** Maximum size of the response body in bytes, at most 4 MiB; default 1 MiB. */
  readonly maxBytes?: number;
  /** How the bytes of the response become text; default `utf8`. */
  readonly encoding?: 'utf8' | 'base64';
  readonly tls?: TlsTrust;
  /**
   * Set this if a customer chose the address. Then only public addresses are contacted, so that a customer cannot make
   * the agent send requests into the operator's network.
   */
  readonly publicOnly?: boolean;
}

export interface HttpResponse {
  readonly status: number;
  /** By name in lower case. The values of a repeated header are joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export const DIGESTS = ['md5', 'sha1', 'sha256', 'sha384', 'sha512'] as const;
export const ENCODINGS = ['hex', 'base64', 'base64url'] as const;

/** A text as UTF-8, a secret, or bytes in base64. */
export type CryptoPart = Text | { readonly base64: string };

export interface DigestCall {
  readonly algorithm: (typeof DIGESTS)[number];
  readonly parts: readonly CryptoPart[];
  /** Default: `hex`. */
  readonly encoding?: (typeof ENCODINGS)[number];
}

export interface HmacCall extends DigestCall {
  /** `{secret, encoding}` reads the value of the secret as hexadecimal or base64. */
  readonly key: CryptoPart | (SecretRef & { readonly encoding: (typeof ENCODINGS)[number] });
}

export interface VerifyCall extends HmacCall {
  readonly signature: string;
}

export interface BasicCheck {
  readonly header: string;
  readonly user: Text;
  readonly password: Text;
}

export interface Probe {
  /** A host name or an address. */
  readonly host: string;
  /** Seconds, at most 30; default 5. */
  readonly timeoutS?: number;
  /** Contact only public addresses: for hosts that a customer chose. */
  readonly publicOnly?: boolean;
}

export type PingProbe = Probe;
export interface PingResult {
  readonly alive: boolean;
  /** Round-trip time; null without a response. */
  readonly ms: number | null;
  /** Why there is no response, such as a name that cannot be resolved, or a missing program `ping`. */
  readonly problem: string | null;
}

export interface TcpProbe extends Probe {
  readonly port: number;
}
export interface TcpResult {
  readonly open: boolean;
  readonly ms: number | null;
  /** Why the connection failed; null if it was opened. */
  readonly problem: string | null;
}

export interface TlsProbe extends Probe {
  /** Default: 443. */
  readonly port?: number;
  /** The name for SNI, for which the certificate must be valid; default `host`. */
  readonly serverName?: string;
  /** PEM of the certificate authorities to trust instead of the system's. */
  readonly ca?: string;
}
export interface TlsResult {
  readonly connected: boolean;
  /** Whether the certificate is valid for the name and its issuer is trusted. */
  readonly trusted: boolean;
  readonly problem: string | null;
  /** Null if there was no handshake. */
  readonly certificate: {
    readonly subject: string;
    readonly issuer: string;
    /** The DNS names and addresses for which it is valid. */
    readonly names: readonly string[];
    /** RFC 3339 */
    readonly validFrom: string;
    readonly validTo: string;
    /** SHA-256, hexadecimal. */
    readonly fingerprint: string;
  } | null;
}

export const DNS_TYPES = ['A', 'AAAA', 'CNAME', 'MX', 'NS', 'PTR', 'TXT'] as const;
export interface DnsProbe {
  readonly name: string;
  readonly type: (typeof DNS_TYPES)[number];
  readonly timeoutS?: number;
}
export interface DnsProbeResult {
  /** The values as text, such as `10 mail.example.com` for MX. Empty if the name has no such records. */
  readonly values: readonly string[];
  /** Why the lookup failed; null if there was a response, even an empty one. */
  readonly problem: string | null;
}

export interface AlertCall {
  /** One or two sentences for operators, at most 600 characters. */
  readonly text: string;
  /** At most 4 KiB. */
  readonly data?: JsonObject;
}

/** What a module may know about any service. It contains no secrets. */
export interface ServiceSummary {
  readonly panel: string;
  readonly id: string;
  readonly generation: number;
  readonly module: string;
  readonly plan: string;
  readonly status: Lifecycle;
  readonly suspendedFor: readonly SuspensionReason[];
  readonly email: string;
  readonly locale: string | null;
  readonly names: readonly string[];
  /** RFC 3339 */
  readonly createdAt: string;
  /** The data that the module keeps for the service; null if the service belongs to another module. */
  readonly data: JsonObject | null;
}

export interface ServiceQuery {
  readonly panel?: string;
  readonly module?: string;
  readonly plan?: string;
  readonly status?: Lifecycle;
  /** 1 to 100; default 50. */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly after?: string;
}

export interface ServicePage {
  readonly services: readonly ServiceSummary[];
  /** Null on the last page. */
  readonly next: string | null;
}
