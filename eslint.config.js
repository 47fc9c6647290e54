import tseslint from 'typescript-eslint'

export default tseslint.config(
  { ignores: ['node_modules', '.releasectl', 'store/generated', '**/*.cjs', '**/*.js', '**/*.mjs'] },
  tseslint.configs.strictTypeChecked,
  { languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'no-restricted-syntax': ['error', { selector: 'ExportDefaultDeclaration', message: 'named exports only' }],
      'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }],
    } },
  { files: ['prisma.config.ts', 'vitest.config.ts'], rules: { 'no-restricted-syntax': 'off' } },
  { files: ['workflows/**'], rules: { 'no-restricted-syntax': ['error',
    { selector: "Property[key.name='validator'] > [async=true]", message: 'an update validator must be synchronous' },
    { selector: 'ExportDefaultDeclaration', message: 'named exports only' }] } },
)
