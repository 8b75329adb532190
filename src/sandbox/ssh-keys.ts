/** The SSH keys of the host and of the agent in a sandbox. They are created once and then kept. */
import ssh2 from 'ssh2';
import { keptText } from './files.js';

const { utils } = ssh2;
const TRIES = 20;

export interface SshKey {
  /** The private key in OpenSSH format, with a final newline. */
  readonly private: string;
  /** `ssh-ed25519 AAAA...` */
  readonly public: string;
}

/** Returns the key in the file. If there is no file, creates it (mode 0600). */
export async function keptKey(file: string): Promise<SshKey> {
  const text = `${await keptText(file, () => newKeyPair().private)}\n`;
  const key = utils.parseKey(text);
  if (key instanceof Error) throw new Error(`${file} holds no usable SSH key`, { cause: key });
  return { private: text, public: `${key.type} ${key.getPublicSSH().toString('base64')}` };
}

/**
 * Generates an ed25519 key pair with ssh2. About one in 270 key pairs of ssh2 1.17 cannot be read again, because ssh2
 * drops a leading zero of the public key. Such a pair is discarded.
 */
export function newKeyPair(comment = 'innkeeper-sandbox'): SshKey {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const pair = utils.generateKeyPairSync('ed25519', { comment });
    if (!(utils.parseKey(pair.private) instanceof Error)) return pair;
  }
  throw new Error('no usable SSH key could be generated');
}
