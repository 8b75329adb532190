import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/**', '.builds/**', 'node_modules/**', '.tap/**', '*.cjs'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['*.mjs'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/consistent-type-assertions': [
        'error',
        { assertionStyle: 'as', objectLiteralTypeAssertions: 'never' },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_$' }],
      'no-restricted-syntax': [
        'error',
        { selector: "CallExpression[callee.name='exec']", message: 'argv only, never a shell string' },
        {
          selector: "MemberExpression[object.name='AbortSignal'][property.name='any']",
          message: 'leaks in Node 20: take anySignal of kernel/any-signal.ts',
        },
        {
          selector: "ImportSpecifier[imported.name='domainToASCII']",
          message: 'it cuts and repairs what is no name: take readHostName of kernel/host-name.ts',
        },
      ],
    },
  },
  { files: ['**/*.mjs'], extends: [tseslint.configs.disableTypeChecked] },
  {
    files: ['test/**/*.ts'],
    // tap collects the promises of its own `test` calls
    rules: { '@typescript-eslint/no-floating-promises': 'off' },
  },
);
