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

/**
 * `template`: a clone of the template with the name `template`. `os`: the OS template of the configuration. `image`:
 * the newest version of the OS template with the name `image` on the storages that the configuration names.
 */
export interface ContainerSource {
  readonly kind: 'template' | 'os' | 'image';
  readonly template?: string;
  /**
   * The name of an OS template without version, such as `debian-12-standard`. Required in the calls of steps if `kind`
   * is `image`. The source that a product declares omits it, so that an order is accepted before its image is known.
   */
  readonly image?: string;
  /** Host name of the container. Default: a name that the agent chooses. */
  readonly hostname?: string;
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
