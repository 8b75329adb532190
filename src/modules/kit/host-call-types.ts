/** Arguments and results of a step's calls. */

/** A reference to a secret by name; the main thread inserts the value where it is used. */
export interface SecretRef {
  readonly secret: string;
}

/** A log-in link. It works once, within 60 seconds, for a person who has its token. */
export interface LoginLink {
  /** Hexadecimal id of the link, which is part of its path (`Product.loginPath`). */
  readonly id: string;
  /** SHA-256 of the token, hexadecimal. */
  readonly sha256: string;
}

export interface ScriptCall {
  /** e.g. `wordpress/install` */
  readonly name: string;
  readonly body: string;
  readonly values: Readonly<Record<string, string | SecretRef>>;
  /** Seconds; default 300. */
  readonly timeoutS?: number;
}

export interface ScriptResult {
  readonly stdout: string;
  readonly stderr: string;
}

export interface SiteRequestCall {
  /** Absolute path with query. */
  readonly path: string;
  readonly method?: 'GET' | 'POST';
  readonly form?: Readonly<Record<string, string | SecretRef>>;
  readonly cookies?: Readonly<Record<string, string>>;
}

export interface SiteAnswerView {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface ContainerSource {
  readonly kind: 'template' | 'os';
  /** Name of the template if `kind` is `template`. Ignored if `kind` is `os`, which uses the configured OS template. */
  readonly template?: string;
}

export interface ContainerLook {
  readonly power: 'running' | 'stopped' | 'absent';
  /** GiB; 0 when absent. */
  readonly diskGb: number;
}

export interface ResizeRequest {
  readonly plan: 'present' | 'requested';
  readonly disk: boolean;
}
