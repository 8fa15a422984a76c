// What pages load comes from the server itself, and the browser takes it as what it is.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { browser, serve } from "./harness.mjs";

let server, chromium;
before(async () => {
  server = await serve();
  chromium = await browser();
});
after(async () => {
  await chromium?.close();
  await server?.stop();
});

test("an address that leads nowhere is answered without anything that could run", async () => {
  const page = await chromium.newPage();
  const answer = await page.goto(`${server.url}/assets/nowhere.js`);
  assert.equal(answer.status(), 404);
  assert.match(answer.headers()["content-security-policy"], /default-src 'none'/);
  await page.close();
});
