/** The SSH keys of a sandbox, created once and kept: the host's and the agent's. */
import ssh2 from 'ssh2';
import { keptText } from './files.js';

const { utils } = ssh2;
const TRIES = 20;

export interface SshKey {
  /** OpenSSH format, with a final newline. */
  readonly private: string;
  /** `ssh-ed25519 AAAA...` */
  readonly public: string;
}

/** Returns the key in the file; creates it (0600) if there is none. */
export async function keptKey(file: string): Promise<SshKey> {
  const text = `${await keptText(file, () => newKeyPair().private)}\n`;
  const key = utils.parseKey(text);
  if (key instanceof Error) throw new Error(`${file} holds no usable SSH key`, { cause: key });
  return { private: text, public: `${key.type} ${key.getPublicSSH().toString('base64')}` };
}

/**
 * A new ed25519 pair from ssh2. About one in 270 of the pairs that ssh2 1.17 makes cannot be read again, because it
 * drops a leading zero of the public half. Such a pair is discarded.
 */
export function newKeyPair(comment = 'innkeeper-sandbox'): SshKey {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const pair = utils.generateKeyPairSync('ed25519', { comment });
    if (!(utils.parseKey(pair.private) instanceof Error)) return pair;
  }
  throw new Error('no usable SSH key could be generated');
}
