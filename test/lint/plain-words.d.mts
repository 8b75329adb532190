import type { Rule } from 'eslint';

/** A word -> what the field says instead. */
export const WORDS: readonly (readonly [RegExp, string])[];
export const plainWords: Rule.RuleModule;
