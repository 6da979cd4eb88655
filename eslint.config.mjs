// Only what no other tool can say: who may know whom, and what the domain may not do. oxlint does the rest.
import nx from '@nx/eslint-plugin';
import parser from '@typescript-eslint/parser';

const SCOPED = ['connection', 'device', 'authorization', 'session', 'reservation', 'notification', 'gateway', 'simulator'];
const WIRE = ['saxes', 'ajv', 'ajv/*', '@bufbuild/protobuf', '@bufbuild/protobuf/*', '@grpc/grpc-js'];

const boundaries = {
  allow: [],
  enforceBuildableLibDependency: false,
  checkDynamicDependenciesExceptions: ['.*'],
  depConstraints: [
    {
      sourceTag: 'type:app',
      onlyDependOnLibsWithTags: [
        'type:domain',
        'type:translation',
        'type:contract',
        'type:protocol',
        'type:platform',
        'type:kernel',
        'type:testing',
      ],
    },
    {
      sourceTag: 'type:composition',
      onlyDependOnLibsWithTags: ['type:app', 'type:contract', 'type:protocol', 'type:platform', 'type:kernel'],
    },
    {
      sourceTag: 'type:domain',
      onlyDependOnLibsWithTags: ['type:contract', 'type:kernel', 'type:testing'],
      allowedExternalImports: ['decimal.js', 'temporal-polyfill', 'vitest', 'fast-check'],
    },
    { sourceTag: 'type:contract', onlyDependOnLibsWithTags: ['type:kernel'], allowedExternalImports: ['vitest', 'node:*'] },
    {
      sourceTag: 'type:translation',
      onlyDependOnLibsWithTags: ['type:protocol', 'type:contract', 'type:kernel'],
      allowedExternalImports: ['vitest', 'fast-check', 'node:*'],
    },
    {
      sourceTag: 'type:protocol',
      onlyDependOnLibsWithTags: ['type:protocol', 'type:kernel'],
      allowedExternalImports: [...WIRE, 'vitest', 'fast-check', 'node:*'],
    },
    { sourceTag: 'type:platform', onlyDependOnLibsWithTags: ['type:platform', 'type:kernel', 'type:protocol', 'type:testing'] },
    { sourceTag: 'type:kernel', onlyDependOnLibsWithTags: ['type:kernel'], allowedExternalImports: ['vitest', 'fast-check', 'node:*'] },
    { sourceTag: 'type:testing', onlyDependOnLibsWithTags: ['type:protocol', 'type:contract', 'type:platform', 'type:kernel'] },
    {
      sourceTag: 'type:e2e',
      onlyDependOnLibsWithTags: ['type:testing', 'type:contract', 'type:protocol', 'type:platform', 'type:kernel', 'type:app'],
    },
    ...SCOPED.map((scope) => ({
      sourceTag: `scope:${scope}`,
      onlyDependOnLibsWithTags: [`scope:${scope}`, 'scope:shared', 'type:contract'],
    })),
  ],
};

const IMPURE = [
  {
    selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
    message: 'The domain never asks what time it is: a command carries `now`.',
  },
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'The domain never asks what time it is: a command carries `now`.',
  },
  { selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']", message: 'Chance comes from the caller.' },
  { selector: "MemberExpression[object.name='process'][property.name='env']", message: 'Configuration comes from the caller.' },
  { selector: 'AwaitExpression', message: 'The domain waits for nothing.' },
];

/** Who reads why a request is wrong knows its fields by the names that JSON has, in the REST API as in gRPC's own. */
const PROTO_NAME = '/[a-z]_[a-z]/';
const PROTO_NAMES = [`Literal[value=${PROTO_NAME}]`, `TemplateElement[value.raw=${PROTO_NAME}]`].flatMap((words) =>
  ["NewExpression[callee.name='RequestError']", "CallExpression[callee.name='invalid']"].map((refusal) => ({
    selector: `${refusal} ${words}`,
    message: 'A refusal names a field as JSON does: `stationId`, not `station_id`.',
  })),
);

export default [
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      '**/generated/**',
      '.nx/**',
      ...(process.env.LINT_FIXTURE ? [] : ['tools/lint-fixture/**']),
    ],
  },
  {
    files: ['**/*.ts', '**/*.tsx'],
    languageOptions: { parser, parserOptions: { ecmaVersion: 'latest', sourceType: 'module', ecmaFeatures: { jsx: true } } },
    plugins: { '@nx': nx },
    rules: { '@nx/enforce-module-boundaries': ['error', boundaries] },
  },
  {
    files: ['libs/*/domain/**/*.ts', 'libs/kernel/**/*.ts', 'libs/connection/translation/**/*.ts'],
    ignores: ['**/*.spec.ts', '**/testing/**'],
    rules: { 'no-restricted-syntax': ['error', ...IMPURE] },
  },
  {
    files: ['libs/*/domain/**/*.ts', 'libs/*/contract/**/*.ts', 'libs/kernel/**/*.ts'],
    ignores: ['**/*.spec.ts', '**/testing/**'],
    rules: { 'no-restricted-imports': ['error', { patterns: [{ group: ['node:*'], message: 'The domain does no IO.' }] }] },
  },
  {
    // Configuration is read in one place.
    files: ['apps/*/src/**/*.ts', 'libs/**/*.ts'],
    ignores: [
      '**/main.ts',
      '**/*.spec.ts',
      '**/*.fixture.ts',
      '**/testing/**',
      'libs/testing/**',
      'apps/simulator/src/cli/**',
      'apps/platform-e2e/**',
      'libs/platform/service/src/run-service.ts',
      'libs/*/domain/**',
      'libs/kernel/**',
      'libs/connection/translation/**',
    ],
    rules: { 'no-restricted-syntax': ['error', IMPURE[3], ...PROTO_NAMES] },
  },
];
