/**
 * Generates and stores secrets. The main thread does this, so that module code knows only the names of generated
 * secrets and never their values.
 */
import { randomInt } from 'node:crypto';
import { Secret } from '../../kernel/secret.js';
import type { CharacterClass } from '../kit/module-call-types.js';
import { clearTextOf, type ModuleCall } from './call.js';

/** Characters that are easily confused (0, O, 1, l, I) are left out. */
const CHARACTERS: Readonly<Record<CharacterClass, string>> = {
  lower: 'abcdefghijkmnpqrstuvwxyz',
  upper: 'ABCDEFGHJKLMNPQRSTUVWXYZ',
  digit: '23456789',
  // characters that need no quotes in shells, URLs, JSON and configuration files are preferred
  symbol: '-_.+,:@%=',
};
const LETTERS_AND_DIGITS: readonly CharacterClass[] = ['lower', 'upper', 'digit'];
const DEFAULT_LENGTH = 24;

export const ensure: ModuleCall<'secrets.ensure'> = async ({ secrets }, name, length = DEFAULT_LENGTH) => {
  const characters = LETTERS_AND_DIGITS.map((one) => CHARACTERS[one]).join('');
  await secrets.change(name, (current) => current ?? new Secret(random(characters, length)));
  return { secret: name };
};

export const put: ModuleCall<'secrets.put'> = async (call, name, value) => {
  const text = await clearTextOf(call, value);
  await call.secrets.change(name, (current) => (current?.reveal() === text ? current : new Secret(text)));
  return { secret: name };
};

export const password: ModuleCall<'secrets.password'> = async ({ secrets }, options = {}) => {
  const { name = 'password', length = DEFAULT_LENGTH, classes = LETTERS_AND_DIGITS } = options;
  await secrets.change(name, (current) => current ?? new Secret(passwordOf(length, classes)));
  return { secret: name };
};

/** Passwords that lack a class are drawn again, so that all others are equally likely. */
function passwordOf(length: number, classes: readonly CharacterClass[]): string {
  const sets = classes.map((one) => CHARACTERS[one]);
  for (;;) {
    const drawn = random(sets.join(''), length);
    if (sets.every((set) => Array.from(drawn).some((character) => set.includes(character)))) return drawn;
  }
}

function random(characters: string, length: number): string {
  return Array.from({ length }, () => characters[randomInt(characters.length)]).join('');
}
