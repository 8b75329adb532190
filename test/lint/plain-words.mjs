/**
 * ESLint rule: comments and texts use the words of the field. Readers have to translate the words listed here. A string
 * without a space is a name, not prose, and so is what stands in backticks.
 */
export const WORDS = [
  [/\bwish(?:es|ed)?\b/i, 'request, desired, new'],
  [/\bmend(?:s|ed|ing)?\b/i, 'fix, repair'],
  [/\banew\b/i, 'again'],
  [/\bwhoever\b/i, 'a named actor'],
  [/\b(?:bears?|borne)\b/i, 'has, accepts, supports'],
  [/\bnought\b/i, 'zero'],
  [/\b(?:lest|hence|amiss|thereby|whereby)\b/i, 'so that, therefore, wrong'],
  [/\bbehind us\b/i, 'remote'],
  [/\b(?:becomes?|became) of\b/i, 'result'],
  [/\b(?:tells?|telling|told)\b/i, 'report, notify, show'],
  [/\b(?:takes?|taken|took) up\b(?! to\b)/i, 'pick up, start'],
  [/\btaken (?:as|by|for)\b|\b(?:is|are|stays?) taken\b(?! from\b)/i, 'in use, accepted, treated as'],
  [/\bknock(?:s|ed|ing)?\b/i, 'probe, request'],
  [/(?<!--|\/|Hello )\bworlds?\b/i, 'environment, actual state'],
  [/\bfigures?\b/i, 'metrics, values, numbers'],
  [/\bgone over\b/i, 'checked'],
  [/\b(?:at rest|comes? to rest)\b/i, 'idle, done'],
  [/\b(?:lends?|lent)\b/i, 'allocate, lease'],
  [/\bdoors?\b/i, 'endpoint, listener, public address'],
  [/\b(?:no|some|every)body\b/i, 'the passive, or a named actor'],
];

export const plainWords = {
  meta: {
    type: 'suggestion',
    schema: [],
    messages: { word: '"{{found}}" has to be translated by readers. Say: {{instead}}.' },
  },
  create({ report, sourceCode }) {
    const check = (whole, loc) => {
      const text = whole.replace(/`[^`]*`/g, '');
      for (const [word, instead] of WORDS) {
        const [found] = word.exec(text) ?? [];
        if (found !== undefined) report({ loc, messageId: 'word', data: { found, instead } });
      }
    };
    return {
      Program() {
        for (const { value, loc } of sourceCode.getAllComments()) check(value, loc);
      },
      Literal({ value, loc }) {
        if (typeof value === 'string' && value.includes(' ')) check(value, loc);
      },
      TemplateElement({ value, loc }) {
        if (value.raw.includes(' ')) check(value.raw, loc);
      },
    };
  },
};
