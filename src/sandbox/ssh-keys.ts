/** The SSH keys of a sandbox, made once and kept: the host's and the agent's. */
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

/** The key that the file holds, made (0600) when there is none. */
export async function keptKey(file: string): Promise<SshKey> {
  const text = `${await keptText(file, makeKey)}\n`;
  const key = utils.parseKey(text);
  if (key instanceof Error) throw new Error(`${file} holds no usable SSH key`, { cause: key });
  return { private: text, public: `${key.type} ${key.getPublicSSH().toString('base64')}` };
}

/** About one in 200 keys that ssh2 1.17 makes cannot be read again (a leading zero is lost): such a one is thrown away. */
function makeKey(): string {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const pair = utils.generateKeyPairSync('ed25519', { comment: 'innkeeper-sandbox' });
    if (!(utils.parseKey(pair.private) instanceof Error)) return pair.private;
  }
  throw new Error('no usable SSH key could be made');
}
