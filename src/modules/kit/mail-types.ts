/** Arguments and result of `mail.send`. */
import type { Text } from './module-call-types.js';

export const MAIL_SECURITY = ['tls', 'starttls', 'none'] as const;

export interface MailServer {
  readonly host: string;
  /** Default: 465 for `tls`, 587 for `starttls`, 25 for `none`. */
  readonly port?: number;
  /** Default: `starttls`, which is required and not only used if the server offers it. */
  readonly security?: (typeof MAIL_SECURITY)[number];
  readonly user?: Text;
  readonly password?: Text;
  /** PEM of the certificate authorities to trust instead of the system's. */
  readonly ca?: string;
}

export interface MailMessage {
  readonly server: MailServer;
  /** `shop@example.com` or `Shop <shop@example.com>` */
  readonly from: string;
  /** At most 50 recipients with `cc` and `bcc`. */
  readonly to: readonly string[];
  readonly cc?: readonly string[];
  readonly bcc?: readonly string[];
  readonly replyTo?: string;
  readonly subject: string;
  readonly text?: string;
  readonly html?: string;
  /** The Message-ID. If a step sends a message again after a crash, the same ID lets the recipient recognise it. */
  readonly messageId?: string;
  /** Seconds, at most 120; default 30. */
  readonly timeoutS?: number;
}

export interface MailResult {
  readonly messageId: string;
  readonly accepted: readonly string[];
  readonly rejected: readonly string[];
}
