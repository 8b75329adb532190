/** Arguments and results of a step's calls. */

/** A reference to a secret by name; the main thread inserts the value where it is used. */
export interface SecretRef {
  readonly secret: string;
}

/** A log-in link, valid once and for 60 s for the holder of its token. */
export interface LoginLink {
  /** Hexadecimal; part of the path (`Product.loginPath`). */
  readonly id: string;
  /** Of the token; hexadecimal. */
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
  /** Template name for `template`; ignored for `os` (the configured OS template). */
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
