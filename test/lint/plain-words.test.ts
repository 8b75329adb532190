import { createRequire } from 'node:module';
import t from 'tap';
import { plainWords } from './plain-words.mjs';

// not bundled: it loads its parts by name
const { RuleTester } = createRequire(import.meta.url)('eslint') as typeof import('eslint');

t.test('words that readers have to translate are found in prose, not in names', async (t) => {
  const tester = new RuleTester();
  t.doesNotThrow(() =>
    tester.run('plain-words', plainWords, {
      valid: [
        "const wish = 'mend';",
        '// a file system check takes up to a minute',
        'const text = `the request of ${name}`;',
        '// the lock that `tell` releases, and the field `told`',
        "const text = 'start it with --world';",
        '// the value is taken from the file',
      ],
      invalid: [
        { code: '// whoever asks', errors: [{ messageId: 'word' }] },
        { code: "const text = 'what became of it is told anew';", errors: 3 },
        { code: 'const text = `${name} bears it`;', errors: 1 },
        { code: '/** Nobody knows. */', errors: 1 },
        ...['tell', 'told', 'knocks', 'world', 'figures'].map((word) => ({
          code: `// a ${word}`,
          errors: 1,
        })),
        { code: "const text = 'The name is taken.';", errors: 1 },
        { code: '// it must not be taken for gone', errors: 1 },
      ],
    }),
  );
});
