// The language of 2019, which Chromium 78 and Firefox 78 both speak, and no interface that one of them lacks.
import compat from "eslint-plugin-compat";

export default [
  compat.configs["flat/recommended"],
  { languageOptions: { ecmaVersion: 2019, sourceType: "script" } },
];
