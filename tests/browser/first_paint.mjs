// How long it takes until a form of twenty fields is seen, and what goes over the wire: the numbers of
// benches/README.md. `just bench-pages` runs it on a release build.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { browser, serve } from "./harness.mjs";

const LOADS = 21;
const TYPES = ['type = "string"', 'type = "text"', 'type = "integer"', 'type = "date"', 'type = "boolean"',
  'validation.inclusion.in = ["one", "two", "three"]'];

const fields = Array.from({ length: 19 }, (_, index) =>
  `[fields.properties.field_${index}]\nlabel = "Field number ${index + 1}"\ndescription = "What people should know of it"\n${TYPES[index % TYPES.length]}\n`);
const form = `resource = "User"\naccess = "public"\nrate_limit = false\n${fields.join("")}\n[[examples]]\nform = { email = "a@example.com" }\n`;

const server = await serve();
const chromium = await browser();
const path = `${server.url}/forms/twenty`;
writeFileSync(join(server.configs, "forms/twenty.toml"), form);
while ((await fetch(path)).status !== 200);

async function load(context) {
  const page = await context.newPage();
  await page.goto(path, { waitUntil: "load" });
  const seen = await page.evaluate(() => new Promise((resolve) => {
    const paint = () => performance.getEntriesByName("first-contentful-paint")[0];
    const answer = () => resolve({
      paint: paint().startTime,
      transferred: performance.getEntriesByType("navigation").concat(performance.getEntriesByType("resource"))
        .map((entry) => ({ name: entry.name.replace(/-[0-9a-f]{16}/, ""), bytes: entry.transferSize, whole: entry.decodedBodySize })),
    });
    if (paint()) answer();
    else new PerformanceObserver(answer).observe({ type: "paint" });
  }));
  await page.close();
  return seen;
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)].toFixed(1);
const first = [];
const again = [];
let transferred;
for (let count = 0; count < LOADS; count += 1) {
  const context = await chromium.newContext();
  const seen = await load(context);
  first.push(seen.paint);
  transferred = seen.transferred;
  again.push((await load(context)).paint);
  await context.close();
}
console.log(`first contentful paint of twenty fields, median of ${LOADS}: ${median(first)} ms, with assets kept ${median(again)} ms`);
for (const { name, bytes, whole } of transferred.filter(({ name }) => name.startsWith("http"))) {
  console.log(`${new URL(name).pathname}: ${bytes} bytes over the wire with headers, ${whole} decoded`);
}
await chromium.close();
await server.stop();
