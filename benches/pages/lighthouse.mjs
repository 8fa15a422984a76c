// What Lighthouse says of a rendered form, of the workbench and of the documentation site: the scores of
// benches/README.md. `just bench-lighthouse` runs it on a release build and on the site that `just site` made.
//
// FORMWORK and CHROMIUM name other programs, as in tests/browser/harness.mjs.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { createGzip } from "node:zlib";
import { launch } from "chrome-launcher";
import lighthouse, { desktopConfig } from "lighthouse";
import { serve } from "../../tests/browser/harness.mjs";

const book = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "target", "site", "book");
const types = { ".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png" };
const devices = { "a phone on a slow network": undefined, "a computer": desktopConfig };

/** The site as static hosts serve it: compressed, on connections that are kept. */
async function site() {
  if (!existsSync(book)) throw new Error("there is no site; `just site` builds it");
  const server = createServer((request, response) => {
    const path = join(book, normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname)));
    const found = existsSync(path) && statSync(path).isFile();
    response.writeHead(found ? 200 : 404, { "content-type": types[extname(path)] ?? "application/octet-stream", "content-encoding": "gzip" });
    const body = createGzip();
    body.pipe(response);
    if (found) createReadStream(path).pipe(body);
    else body.end();
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

const [server, pages, chromium] = await Promise.all([
  serve("--dev"),
  site(),
  launch({ chromePath: process.env.CHROMIUM ?? "/usr/bin/chromium", chromeFlags: ["--headless", "--no-sandbox", "--disable-gpu"] }),
]);
const paths = {
  "a form": `${server.url}/forms/workshop`,
  "workbench: forms": `${server.url}/_/`,
  "workbench: source": `${server.url}/_/forms/workshop`,
  "workbench: try": `${server.url}/_/try?form=workshop`,
  "site: forms": `${pages.url}/docs/forms.html`,
};

let columns;
for (const [name, url] of Object.entries(paths)) {
  for (const [device, config] of Object.entries(devices)) {
    const { lhr } = await lighthouse(url, { port: chromium.port, logLevel: "error" }, config);
    const paint = lhr.audits["first-contentful-paint"];
    if (paint.numericValue === undefined) throw new Error(`${name}, on ${device}: ${paint.errorMessage}`);
    const categories = Object.values(lhr.categories);
    if (!columns) {
      columns = ["page", "on", ...categories.map(({ title }) => title), "first paint"];
      console.log(`Lighthouse ${lhr.lighthouseVersion}\n\n| ${columns.join(" | ")} |\n|${" --- |".repeat(columns.length)}`);
    }
    const seen = `${(paint.numericValue / 1000).toFixed(1)} s`;
    console.log(`| ${[name, device, ...categories.map(({ score }) => Math.round(score * 100)), seen].join(" | ")} |`);
    const short = categories.flatMap(({ auditRefs }) => auditRefs)
      .filter(({ id, weight }) => weight > 0 && lhr.audits[id].score !== null && lhr.audits[id].score < 0.9)
      .map(({ id }) => id);
    if (short.length > 0) console.error(`${name}, on ${device}: ${[...new Set(short)].join(", ")}`);
  }
}
chromium.kill();
pages.close();
await server.stop();
