// Reads a JSON list of formulas, renders each with KaTeX in strict mode, prints a JSON list of
// [formula, message] for those that it refuses.  Exit code 3 if KaTeX is not installed.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const places = [import.meta.dirname ?? ".", process.cwd(), ...(process.env.NODE_PATH ?? "").split(":")];
let katex;
try {
  const require = createRequire(import.meta.url);
  katex = require(require.resolve("katex", { paths: places.filter(Boolean) }));
} catch {
  process.exit(3);
}

const refused = [];
for (const formula of JSON.parse(readFileSync(0, "utf8"))) {
  try {
    katex.renderToString(formula, { strict: "error", throwOnError: true, displayMode: true });
  } catch (error) {
    refused.push([formula, error.message]);
  }
}
console.log(JSON.stringify(refused));
