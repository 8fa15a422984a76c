// The built documentation site (`just site` builds it): accessible in both themes, complete without script, and with no
// word to any other host.
import assert from "node:assert/strict";
import { createReadStream, existsSync, mkdirSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, extname, join, normalize } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { browser } from "./harness.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const book = join(root, "target", "site", "book");
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const types = { ".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml" };
// One page of each kind: prose, long tables, long code, what is made from schemas and rules, and what is shown for none.
const pages = ["README", "docs/guide", "docs/forms", "docs/diff", "docs/comparison", "schemas/openapi",
  "engine/rules/index", "engine/rules/unknown-key", "404"];
const sizes = { wide: { width: 1280, height: 900 }, narrow: { width: 360, height: 740 } };
// Where to put pictures of every page, for people to look at.
const pictures = process.env.PICTURES;

let server, chromium, origin;

before(async () => {
  assert.ok(existsSync(join(book, "index.html")), "there is no site; `just site` builds it");
  server = createServer((request, response) => {
    const path = join(book, normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname)));
    const found = existsSync(path) && statSync(path).isFile();
    response.writeHead(found ? 200 : 404, { "content-type": types[extname(path)] ?? "application/octet-stream" });
    if (found) createReadStream(path).pipe(response);
    else response.end();
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  origin = `http://127.0.0.1:${server.address().port}`;
  chromium = await browser();
});

after(async () => {
  await chromium?.close();
  server?.close();
});

/** Opens pages in a theme and a size, one after the other, and gives each to `look`. */
async function each(options, look) {
  const context = await chromium.newContext(options);
  const page = await context.newPage();
  for (const name of pages) {
    await page.goto(`${origin}/${name}.html`, { waitUntil: "load" });
    await look(page, name);
  }
  await context.close();
}

for (const colorScheme of ["light", "dark"]) {
  for (const [size, viewport] of Object.entries(sizes)) {
    test(`axe finds nothing in the ${colorScheme} theme, ${size}`, async () => {
      const violations = [];
      await each({ colorScheme, viewport }, async (page, name) => {
        const theme = await page.evaluate(() => document.documentElement.className);
        assert.match(theme, colorScheme === "dark" ? /navy/ : /light/);
        await page.addScriptTag({ path: axe });
        const found = await page.evaluate(() => window.axe.run());
        for (const { id, nodes } of found.violations) {
          violations.push(...nodes.map((node) => `${name}: ${id}: ${node.target}: ${node.failureSummary}`));
        }
        if (pictures) {
          mkdirSync(pictures, { recursive: true });
          await page.screenshot({ path: join(pictures, `${name.replaceAll("/", "-")}-${colorScheme}-${size}.png`) });
        }
      });
      assert.deepEqual(violations, []);
    });
  }
}

test("no page is wider than a phone, and none asks another host", async () => {
  const elsewhere = [];
  const wide = [];
  const context = await chromium.newContext({ viewport: sizes.narrow });
  const page = await context.newPage();
  page.on("request", (request) => {
    if (!request.url().startsWith(`${origin}/`)) elsewhere.push(request.url());
  });
  for (const name of pages) {
    await page.goto(`${origin}/${name}.html`, { waitUntil: "load" });
    const beyond = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (beyond > 0) wide.push(`${name}: ${beyond} px`);
  }
  await context.close();
  assert.deepEqual({ elsewhere, wide }, { elsewhere: [], wide: [] });
});

test("without script the pages are there, and lead to each other", async () => {
  const context = await chromium.newContext({ javaScriptEnabled: false, viewport: sizes.wide });
  const page = await context.newPage();
  await page.goto(`${origin}/schemas/openapi.html`);
  assert.ok(await page.getByRole("heading", { name: "POST /api/users", exact: true }).isVisible());
  await page.getByRole("main").getByRole("link", { name: "Too many requests" }).first().click();
  assert.match(page.url(), /#too-many-requests$/);
  await page.getByRole("main").getByRole("link", { name: "HTTP", exact: true }).click();
  assert.match(page.url(), /\/docs\/http\.html$/);
  await context.close();
});

test("search finds a rule", async () => {
  const context = await chromium.newContext({ viewport: sizes.wide });
  const page = await context.newPage();
  await page.goto(`${origin}/README.html`);
  await page.keyboard.press("s");
  await page.getByRole("searchbox").pressSequentially("unanchored");
  const found = page.locator("#mdbook-searchresults a").first();
  await found.waitFor();
  assert.match(await found.getAttribute("href"), /unanchored-pattern\.html/);
  await context.close();
});

test("the table of contents opens from the keyboard", async () => {
  const context = await chromium.newContext({ viewport: sizes.narrow });
  const page = await context.newPage();
  await page.goto(`${origin}/README.html`);
  const button = page.getByRole("button", { name: "Toggle Table of Contents" });
  assert.equal(await button.getAttribute("aria-expanded"), "false");
  await button.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("navigation", { name: "Table of contents" }).getByRole("link", { name: "Rules" }).waitFor();
  assert.equal(await button.getAttribute("aria-expanded"), "true");
  await context.close();
});
