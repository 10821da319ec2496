// Rules for the JavaScript of labeler/front and of its tests; run by make lint.

import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "array-callback-return": "error",
      curly: ["error", "multi-line"],
      "default-param-last": "error",
      eqeqeq: ["error", "always", { null: "ignore" }],
      "max-len": ["error", { code: 120, ignoreUrls: true }],
      "max-lines": ["error", 300],
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-restricted-properties": ["error", { property: "innerHTML" }, { property: "outerHTML" }],
      "no-shadow": "error",
      "no-undef": "error",
      "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "no-use-before-define": ["error", { functions: false, classes: false }],
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      "prefer-template": "error",
    },
  },
  { files: ["labeler/front/**"], languageOptions: { globals: globals.browser } },
  { files: ["labeler/front/constants.js"], rules: { "max-len": "off" } },
  { files: ["tests/**/*.test.js"], languageOptions: { globals: globals.node } },
  {
    files: ["tests/labeler/web_midi_stub.js"],
    languageOptions: { sourceType: "script", globals: globals.browser },
  },
];
