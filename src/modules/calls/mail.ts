/**
 * Sends e-mail for modules through the SMTP server that the module names. The library is loaded when the first module
 * sends a message.
 */
import { isOutOfDescriptors } from '../../kernel/descriptors.js';
import { AgentError, outOfDescriptors } from '../../kernel/errors.js';
import { withLimit } from '../../kernel/async/with-limit.js';
import { cleaned } from '../../kernel/text.js';
import { abortError } from '../../drivers/shared/abort.js';
import type { ModuleCaller } from '../../jobs/effects/module-calls.js';
import type { MailServer } from '../kit/mail-types.js';
import { clearTextOf, type ModuleCall, refused } from './call.js';

const DEFAULT_TIMEOUT_S = 30;
const PORTS = { tls: 465, starttls: 587, none: 25 } as const;
const MOST_RECIPIENTS = 50;
/** Errors after which the same message may be accepted later. */
const PASSING: readonly string[] = ['ECONNECTION', 'ETIMEDOUT', 'ESOCKET', 'EDNS', 'EPROXY'];

export const send: ModuleCall<'mail.send'> = async (caller, message) => {
  const { server, to, cc = [], bcc = [], from, subject, replyTo, text, html, messageId } = message;
  if (to.length + cc.length + bcc.length > MOST_RECIPIENTS)
    throw refused('The module sent an invalid message.', `it has more than ${MOST_RECIPIENTS} recipients`);
  if (text === undefined && html === undefined)
    throw refused('The module sent an invalid message.', 'it has neither text nor html');
  const limitMs = (message.timeoutS ?? DEFAULT_TIMEOUT_S) * 1000;
  const transport = await transportTo(caller, server, limitMs);
  try {
    return await withLimit(caller.signal, limitMs, async (signal) => {
      const sent = await transport.sendMail({
        ...{ from, to: [...to], cc: [...cc], bcc: [...bcc], subject, signal },
        // a message must never contain a file of the agent
        ...{ disableFileAccess: true, disableUrlAccess: true },
        ...(replyTo === undefined ? {} : { replyTo }),
        ...(text === undefined ? {} : { text }),
        ...(html === undefined ? {} : { html }),
        ...(messageId === undefined ? {} : { messageId }),
      });
      return {
        messageId: sent.messageId,
        accepted: sent.accepted.map(addressOf),
        rejected: sent.rejected.map(addressOf),
      };
    });
  } catch (error) {
    if (caller.signal.aborted) throw abortError(caller.signal, 'remote_unreachable', 'sending a message');
    throw errorOf(error, server, limitMs);
  } finally {
    transport.close();
  }
};

type Address = string | { readonly address: string };

/** The part of the library's transport that is used. */
interface Transport {
  sendMail(message: object): Promise<{
    readonly messageId: string;
    readonly accepted: readonly Address[];
    readonly rejected: readonly Address[];
  }>;
  close(): void;
}

async function transportTo(caller: ModuleCaller, server: MailServer, limitMs: number): Promise<Transport> {
  const { createTransport } = await import('nodemailer');
  const { host, security = 'starttls', port = PORTS[security], user, password, ca } = server;
  if ((user === undefined) !== (password === undefined))
    throw refused(
      'The module sent an invalid message.',
      'the server needs both user and password, or neither',
    );
  const login =
    user === undefined || password === undefined
      ? {}
      : { auth: { user: await clearTextOf(caller, user), pass: await clearTextOf(caller, password) } };
  return createTransport({
    ...{ host, port, secure: security === 'tls', requireTLS: security === 'starttls' },
    ...{ ignoreTLS: security === 'none', ...login },
    ...{ connectionTimeout: limitMs, greetingTimeout: limitMs, socketTimeout: limitMs },
    ...(ca === undefined ? {} : { tls: { ca } }),
  });
}

function addressOf(address: Address): string {
  return typeof address === 'string' ? address : address.address;
}

function errorOf(error: unknown, { host }: MailServer, limitMs: number): AgentError {
  if (error instanceof AgentError) return error;
  if (isOutOfDescriptors(error)) return outOfDescriptors(error);
  const about = error instanceof Error ? error : new Error(String(error));
  const code = textOf(about, 'code');
  const isLate = code === 'EABORT';
  const status = Reflect.get(about, 'responseCode') as unknown;
  const why = isLate ? `no response within ${limitMs / 1000} s` : cleaned(about.message);
  // 4xx: the server asks to try again later
  const isPassing = isLate || PASSING.includes(code) || (typeof status === 'number' && status < 500);
  return isPassing
    ? new AgentError('remote_unreachable', 'The mail server does not respond.', { detail: `${host}: ${why}` })
    : new AgentError('remote_failed', 'The mail server refused the message.', { detail: `${host}: ${why}` });
}

function textOf(error: Error, name: string): string {
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? value : '';
}
