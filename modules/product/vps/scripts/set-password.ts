/** Sets the password of root to ROOT_PASSWORD. Repeatable. */
import { preamble } from './preamble.js';

export const setPassword = String.raw`${preamble}
[ -n "$ROOT_PASSWORD" ] || { echo 'a password is needed' >&2; exit 1; }
printf 'root:%s\n' "$ROOT_PASSWORD" | chpasswd
echo set
`;
