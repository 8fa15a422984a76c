// Bundles what is in a directory of its own, `<name>/main.js` and `<name>/main.css`, into `server/assets/<name>.js` and
// `.css`, which the binary embeds. `--check` changes nothing and fails where the bundles are not up to date.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const assets = join(here, "..", "server", "assets");
const check = process.argv.includes("--check");

const entryPoints = readdirSync(here, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== "node_modules")
  .flatMap((entry) => ["main.js", "main.css"].map((file) => ({ in: join(here, entry.name, file), out: entry.name })))
  .filter((entry) => existsSync(entry.in));

const { outputFiles } = await build({
  entryPoints,
  outdir: assets,
  absWorkingDir: here,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022"],
  legalComments: "inline",
  write: false,
});

const stale = outputFiles.filter((file) => !existsSync(file.path) || readFileSync(file.path, "utf8") !== file.text);
if (check && stale.length > 0) {
  console.error(`not up to date, run \`just generate\`: ${stale.map((file) => file.path).join(", ")}`);
  process.exit(1);
}
for (const file of check ? [] : stale) writeFileSync(file.path, file.text);
