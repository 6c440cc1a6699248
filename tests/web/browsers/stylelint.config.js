// What one of the oldest browsers of the offices does not know at all, or takes for something else (USERS C24).
// Partial support is let pass: the data count a property as partial for a value that nobody here writes.
export default {
  plugins: ["stylelint-no-unsupported-browser-features"],
  rules: {
    "plugin/no-unsupported-browser-features": [
      true,
      // It takes minmax() for max(), and each :not() for one with a list; test_templates looks for both itself.
      { ignorePartialSupport: true, ignore: ["css-math-functions", "css-not-sel-list"] },
    ],
  },
};
