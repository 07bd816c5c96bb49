import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import node from "eslint-plugin-n";
import tseslint from "typescript-eslint";

const sizes = (lines, functionLines) => ({
  "max-lines": ["error", { max: lines, skipBlankLines: true, skipComments: true }],
  "max-lines-per-function": functionLines
    ? ["error", { max: functionLines, skipBlankLines: true, skipComments: true }]
    : "off",
});

const useClock = "Time is touched only by the clock: take a Clock as a parameter.";

export default defineConfig(
  // The types of tools/consumer/ are seen by the package check, against what was built.
  { ignores: ["dist/", "coverage/", ".reports/", "tools/consumer/types.*"] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  node.configs["flat/recommended-module"],
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    languageOptions: { parserOptions: { projectService: true } },
    settings: {
      // engines.node, without the odd releases that nobody runs.
      n: {
        version: "^20.19.0 || >=22.12.0",
        resolverConfig: { conditionNames: ["iomux-source", "node", "import"] },
      },
    },
    rules: {
      ...sizes(300, 70),
      eqeqeq: "error",
      "no-restricted-syntax": [
        "error",
        { selector: "TSEnumDeclaration", message: "No enum: use a const object or a union." },
        {
          selector: "TSModuleDeclaration:not([kind='global'])",
          message: "No namespace: a file is a module.",
        },
      ],
      "n/prefer-node-protocol": "error",
      // Which imports may go where is the layers check's business.
      "n/no-unpublished-import": "off",
      "n/no-process-exit": "off",

      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/consistent-type-exports": "error",
      "@typescript-eslint/no-import-type-side-effects": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_", caughtErrors: "none" },
      ],
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/no-confusing-void-expression": [
        "error",
        { ignoreArrowShorthand: true, ignoreVoidOperator: true },
      ],
      "@typescript-eslint/no-unnecessary-condition": [
        "error",
        { allowConstantLoopConditions: "only-allowed-literals" },
      ],
      "@typescript-eslint/prefer-promise-reject-errors": ["error", { allowThrowingUnknown: true }],
      "@typescript-eslint/return-await": ["error", "in-try-catch"],
      "@typescript-eslint/unified-signatures": [
        "error",
        { ignoreDifferentlyNamedParameters: true, ignoreOverloadsWithDifferentJSDoc: true },
      ],
      // A constant getter on the prototype costs nothing per instance; a field does.
      "@typescript-eslint/class-literal-property-style": "off",
      // A class is reached by a cast from the interface that its users see.
      "@typescript-eslint/no-unsafe-class-instance-assignment": "off",
      // Rings and heaps index arrays within bounds that noUncheckedIndexedAccess cannot see.
      "@typescript-eslint/no-non-null-assertion": "off",
      // Loops of the hot path count, so that they allocate no iterator.
      "@typescript-eslint/prefer-for-of": "off",
    },
  },
  {
    files: ["src/**"],
    ignores: ["src/node/system-clock.ts", "src/testing/**"],
    rules: {
      "no-restricted-globals": [
        "error",
        {
          globals: [
            "setTimeout",
            "clearTimeout",
            "setInterval",
            "clearInterval",
            "setImmediate",
            "clearImmediate",
            "performance",
          ].map((name) => ({ name, message: useClock })),
          checkGlobalObject: true,
        },
      ],
      "no-restricted-properties": [
        "error",
        { object: "Date", property: "now", message: useClock },
        { object: "process", property: "hrtime", message: useClock },
        { object: "process", property: "uptime", message: useClock },
      ],
      "no-restricted-imports": [
        "error",
        {
          paths: ["timers", "timers/promises", "perf_hooks"].flatMap((name) => [
            { name, message: useClock },
            { name: `node:${name}`, message: useClock },
          ]),
        },
      ],
      "no-restricted-syntax": [
        "error",
        { selector: "TSEnumDeclaration", message: "No enum: use a const object or a union." },
        {
          selector: "TSModuleDeclaration:not([kind='global'])",
          message: "No namespace: a file is a module.",
        },
        {
          selector:
            ":matches(NewExpression, CallExpression)[callee.name='Date'][arguments.length=0]",
          message: useClock,
        },
      ],
    },
  },
  { files: ["examples/**", "bench/**", "tools/**"], rules: sizes(400, 70) },
  {
    ignores: ["src/**"],
    rules: { "n/no-unsupported-features/node-builtins": ["error", { allowExperimental: true }] },
  },
  {
    // The page runs in a browser: what Node has is no measure for it.
    files: ["examples/console/page/**"],
    rules: { "n/no-unsupported-features/node-builtins": "off" },
  },
  {
    // Whether an import of TypeScript exists is said by tsc (TS2307, TS2882), and whether package.json
    // names its package by knip ("Unlisted dependencies"). Here they are a tenth of the time.
    files: ["**/*.{ts,tsx}"],
    rules: { "n/no-missing-import": "off", "n/no-extraneous-import": "off" },
  },
  {
    // The package check imports what was built and packed; nothing need be built to lint.
    files: ["tools/consumer/**"],
    rules: { "n/no-missing-import": "off", "n/no-missing-require": "off" },
  },
  {
    files: ["test/**"],
    rules: {
      ...sizes(400, 0),
      "@typescript-eslint/no-empty-function": "off",
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/unbound-method": "off",
    },
  },
  {
    files: ["**/*.js", "**/*.cjs", "**/*.mjs"],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { parserOptions: { projectService: false } },
  },
  {
    files: ["**/*.cjs"],
    extends: [node.configs["flat/recommended-script"]],
    rules: { "@typescript-eslint/no-require-imports": "off" },
  },
);
