// Rendered forms as people use them: with and without JavaScript, in light and dark, while their files change.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { browser, serve } from "./harness.mjs";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
/** Where screenshots go, if anyone wants them. */
const shots = process.env.SCREENSHOTS;

let server, chromium;

/** Writes a file of the configuration, and waits until a page shows it. */
async function write(path, text, path_of_page, shows) {
  writeFileSync(join(server.configs, path), text);
  for (;;) {
    const answer = await fetch(`${server.url}${path_of_page}`);
    if (shows(await answer.text(), answer.status)) return;
  }
}

before(async () => {
  server = await serve();
  chromium = await browser();
  // People take their time, tests do not.
  const workshop = readFileSync(join(server.configs, "forms/workshop.toml"), "utf8");
  await write("forms/workshop.toml", workshop.replace(/\[spam\][^[]*/, ""), "/forms/workshop",
    (text) => text.includes("<form") && !text.includes("formwork:stamp"));
});
after(async () => {
  await chromium?.close();
  await server?.stop();
});

/** A page of a context of its own, which fails the test if anything in it fails. */
async function open(path, options = {}) {
  const context = await chromium.newContext({ locale: "en-GB", ...options });
  const page = await context.newPage();
  page.faults = [];
  page.on("pageerror", (error) => page.faults.push(error.message));
  page.on("console", (message) => {
    // A refusal is a status that the browser's console counts as an error.
    if (message.type() === "error" && !message.text().includes("422")) page.faults.push(message.text());
  });
  await page.goto(`${server.url}${path}`);
  return page;
}

async function close(page) {
  assert.deepEqual(page.faults, []);
  await page.context().close();
}

let people = 0;
async function fillIn(page) {
  people += 1;
  await page.getByLabel("First name").fill("Ada");
  await page.getByLabel("Last name").fill("Example");
  await page.getByLabel("E-mail address").fill(`ada${people}@example.com`);
  await page.getByLabel("Password", { exact: false }).first().fill("correct horse battery");
  await page.getByLabel("Password once more").fill("correct horse battery");
  await page.getByLabel("Country").selectOption("Poland");
  await page.getByLabel("Rust").check();
  await page.getByLabel("I have read the terms").check();
}

const send = (page) => page.getByRole("button", { name: "Submit" }).click();

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "with JavaScript" : "without JavaScript";

  test(`somebody signs up ${how}`, async () => {
    const page = await open("/forms/workshop", { javaScriptEnabled });
    await fillIn(page);
    await send(page);
    await page.getByText("Ada, your place is reserved.").waitFor();
    assert.match(page.url(), /\/forms\/workshop\?created$/);
    // A reload sends nothing again, and says no more than that something arrived.
    await page.reload();
    await page.getByText("Your entries have arrived.").waitFor();
    await close(page);
  });

  test(`wrong input is shown beside its field, with a way to it, ${how}`, async () => {
    const page = await open("/forms/workshop", { javaScriptEnabled });
    if (!javaScriptEnabled) await page.locator("form").evaluate((form) => { form.noValidate = true; });
    await fillIn(page);
    await page.getByLabel("E-mail address").fill("nobody");
    await page.getByLabel("Password once more").fill("something else");
    await send(page);
    const summary = page.getByRole("alert");
    await summary.getByRole("link", { name: "E-mail address is not an e-mail address" }).waitFor();
    await summary.getByRole("link", { name: "Password once more doesn't match Password" }).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.id), "summary");
    const email = page.getByLabel("E-mail address");
    assert.equal(await email.getAttribute("aria-invalid"), "true");
    const described = await email.evaluate((control) => control.getAttribute("aria-describedby").split(" ")
      .map((id) => document.getElementById(id).textContent).join(" "));
    assert.match(described, /is not an e-mail address/);
    assert.equal(await email.inputValue(), "nobody");
    await summary.getByRole("link", { name: /E-mail address/ }).click();
    assert.equal(await page.evaluate(() => document.activeElement.id), "field-email");
    if (javaScriptEnabled) {
      assert.equal(await page.getByLabel("Password once more").inputValue(), "something else");
      await email.fill("ada@example.com");
      await page.keyboard.press("Tab");
      assert.equal(await email.getAttribute("aria-invalid"), null);
    } else {
      assert.equal(await page.getByLabel("Password once more").inputValue(), "");
    }
    await close(page);
  });

  test(`a condition decides what counts ${how}`, async () => {
    const page = await open("/forms/workshop", { javaScriptEnabled });
    const company = page.getByLabel("Company");
    assert.equal(await company.isVisible(), !javaScriptEnabled);
    if (!javaScriptEnabled) await page.getByText("Only if “Ticket” is “Business”").first().waitFor();
    await page.getByLabel("Business").check();
    assert.equal(await company.isVisible(), true);
    await fillIn(page);
    await company.fill("Example GmbH");
    await send(page);
    await page.getByRole("alert").getByRole("link", { name: "VAT number can't be blank" }).waitFor();
    await page.getByLabel("VAT number").fill("PL1234567890");
    if (!javaScriptEnabled) {
      for (const label of ["Password", "Password once more"]) {
        await page.getByLabel(label, { exact: false }).first().fill("correct horse battery");
      }
      await page.getByLabel("Password once more").fill("correct horse battery");
    }
    await send(page);
    await page.getByText("your place is reserved").waitFor();
    await close(page);
  });

  test(`rows come and go ${how}`, async () => {
    const page = await open("/forms/workshop", { javaScriptEnabled });
    await fillIn(page);
    const add = page.getByRole("button", { name: "Add Companion" });
    const names = page.getByLabel("Full name");
    let loads = 0;
    page.on("load", () => { loads += 1; });
    assert.equal(await names.count(), 0);
    await add.click();
    await names.first().fill("Grace");
    await add.click();
    await names.nth(1).waitFor();
    await names.nth(1).fill("Edsger");
    await page.getByRole("button", { name: "Remove Companion 1" }).click();
    await page.waitForFunction(() => document.querySelectorAll(".rows > .row").length === 1);
    assert.equal(await names.first().inputValue(), "Edsger");
    assert.equal(loads, javaScriptEnabled ? 0 : 3);
    if (!javaScriptEnabled) {
      await page.getByLabel("Password", { exact: false }).first().fill("correct horse battery");
      await page.getByLabel("Password once more").fill("correct horse battery");
    }
    await send(page);
    await page.getByText("your place is reserved").waitFor();
    await close(page);
  });
}

test("what is said in the browser is what the server says", async () => {
  const wrong = { email: "nobody", "properties.experience": "99", "properties.ticket": "personal" };
  const texts = async (javaScriptEnabled) => {
    const page = await open("/forms/workshop?lang=de", { javaScriptEnabled });
    if (!javaScriptEnabled) await page.locator("form").evaluate((form) => { form.noValidate = true; });
    for (const [name, value] of Object.entries(wrong)) {
      const control = page.locator(`[name="${name}"]`).first();
      if (await control.getAttribute("type") !== "radio") await control.fill(value);
    }
    await page.locator("p.actions button").click();
    await page.locator("#summary a").first().waitFor();
    const found = await page.locator("#summary a").allTextContents();
    await close(page);
    return found;
  };
  const [browsers, servers] = [await texts(true), await texts(false)];
  assert.ok(servers.length >= 8, servers.join("\n"));
  assert.deepEqual(browsers.sort(), servers.sort());
});

test("an empty row is none, and what is wrong with another is shown beside it", async () => {
  const page = await open("/forms/workshop");
  await fillIn(page);
  for (let row = 0; row < 2; row += 1) await page.getByRole("button", { name: "Add Companion" }).click();
  await page.getByLabel("Eats no meat").nth(1).check();
  await send(page);
  const link = page.getByRole("alert").getByRole("link", { name: "Full name can't be blank" });
  await link.click();
  assert.equal(await page.evaluate(() => document.activeElement.name), "properties.companions.1.name");
  assert.equal(await page.getByRole("alert").getByRole("link").count(), 1);
  await page.getByLabel("Full name").nth(1).fill("Grace");
  await send(page);
  await page.getByText("your place is reserved").waitFor();
  await close(page);
});

test("a double click sends once", async () => {
  const page = await open("/forms/workshop");
  await fillIn(page);
  let sent = 0;
  page.on("request", (request) => { sent += request.method() === "POST" ? 1 : 0; });
  await page.getByRole("button", { name: "Submit" }).dblclick();
  await page.getByText("your place is reserved").waitFor();
  assert.equal(sent, 1);
  await close(page);
});

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "with JavaScript" : "without JavaScript";

  test(`who goes back fills in a new page ${how}`, async () => {
    const page = await open("/forms/workshop", { javaScriptEnabled });
    const key = page.locator("[name='formwork:key']");
    await fillIn(page);
    const first = await key.inputValue();
    await send(page);
    await page.getByText("your place is reserved").waitFor();
    await page.goBack();
    assert.notEqual(await key.inputValue(), first);
    await fillIn(page);
    await send(page);
    await page.getByText("your place is reserved").waitFor();
    await close(page);
  });
}

test("what was sent is not created again from the browser's memory of the page", async () => {
  const own = await serve("--dev");
  const remembering = await browser({ ignoreDefaultArgs: ["--disable-back-forward-cache"] });
  try {
    const context = await remembering.newContext();
    const page = await context.newPage();
    const created = async () => (await (await fetch(`${own.url}/_/records`)).text()).match(/memory\d?@example\.com/g) ?? [];
    await page.goto(`${own.url}/forms/newsletter`);
    await page.evaluate(() => addEventListener("pageshow", ({ persisted }) => { window.remembered = persisted; }));
    await page.getByLabel("E-mail address").fill("memory@example.com");
    await page.getByLabel("Consent").check();
    await send(page);
    await page.getByText("Your entries have arrived.").waitFor();
    await page.goBack({ waitUntil: "commit" });
    await page.waitForFunction(() => window.remembered === true);
    await send(page);
    await page.getByText("Your entries have arrived.").waitFor();
    assert.deepEqual(await created(), ["memory@example.com"]);
    // Other entries from the same page are not lost among the first, and not created without a word.
    await page.goBack({ waitUntil: "commit" });
    await page.waitForFunction(() => window.remembered === true);
    await page.getByLabel("E-mail address").fill("memory2@example.com");
    await send(page);
    await page.getByText("You have sent this form before.").waitFor();
    assert.deepEqual(await created(), ["memory@example.com"]);
    await send(page);
    await page.getByText("Your entries have arrived.").waitFor();
    assert.equal((await created()).length, 2);
  } finally {
    await remembering.close();
    await own.stop();
  }
});

test("what a browser cannot read is not taken for nothing", async () => {
  const page = await open("/forms/workshop");
  await fillIn(page);
  await page.getByLabel("Years of experience").pressSequentially("1-2");
  await page.getByLabel("Day of arrival").pressSequentially("12");
  await send(page);
  const summary = page.getByRole("alert");
  await summary.getByRole("link", { name: "Years of experience must be an integer" }).waitFor();
  await summary.getByRole("link", { name: "Day of arrival is not a date" }).waitFor();
  assert.equal(await summary.getByRole("link").count(), 2);
  await close(page);
});

test("a form whose answer never comes can be sent again", async () => {
  const page = await open("/forms/workshop");
  await page.clock.install();
  await fillIn(page);
  let sent = 0;
  await page.route("**/forms/workshop", (route) => {
    sent += 1;
    // The first is lost on its way; the page stays as it was.
    return sent === 1 ? route.fulfill({ status: 204 }) : route.continue();
  });
  await send(page);
  await send(page);
  assert.equal(sent, 1);
  await page.clock.runFor(5000);
  await send(page);
  await page.getByText("your place is reserved").waitFor();
  assert.equal(sent, 2);
  await close(page);
});

test("a form whose file changes while its page is open is judged by the new version", async () => {
  const page = await open("/forms/newsletter");
  await page.getByLabel("E-mail address").fill("reader@example.com");
  await page.getByLabel("Consent").check();
  const text = readFileSync(join(server.configs, "forms/newsletter.toml"), "utf8");
  const stricter = text.replace("[fields.first_name]\n", '[fields.first_name]\nvalidation.presence = { message = "is needed now" }\n')
    .replaceAll('email = "reader@example.com"', 'email = "reader@example.com", first_name = "Ada"');
  await write("forms/newsletter.toml", stricter, "/forms/newsletter", (text) => text.includes("is needed now"));
  await send(page);
  await page.getByRole("alert").getByRole("link", { name: "First name is needed now" }).waitFor();
  assert.equal(await page.getByLabel("E-mail address").inputValue(), "reader@example.com");
  await close(page);
});

test("no script runs that anyone else wrote", async () => {
  const hostile = `</script><img src=x onerror="window.ran=1"><svg onload="window.ran=2">`;
  const quoted = JSON.stringify(hostile);
  const form = `resource = "User"\naccess = "public"\ndescription = ${quoted}\n[fields.first_name]\nlabel = ${quoted}\n` +
    `description = ${quoted}\nvalidation.format = { with = "^Ada$", message = ${quoted} }\n` +
    `[[examples]]\nform = { email = "a@example.com", first_name = "Ada" }\n`;
  await write("forms/hostile.toml", form, "/forms/hostile", (_, status) => status === 200);
  const page = await open("/forms/hostile");
  await page.locator("#field-first_name").fill(hostile);
  await page.locator("#field-email").fill("a@example.com");
  await send(page);
  await page.locator("#summary a").first().waitFor();
  await page.locator("form").evaluate((form) => form.submit());
  await page.waitForLoadState("load");
  await page.locator("#summary a").first().waitFor();
  assert.equal(await page.evaluate(() => window.ran), undefined);
  assert.equal(await page.locator("img, svg").count(), 0);
  // A script that got in would not run either.
  await page.evaluate(() => document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.ran=3'>"));
  await page.locator("img").evaluate((image) => new Promise((done) => { image.addEventListener("error", done); image.src = "y"; }));
  assert.equal(await page.evaluate(() => window.ran), undefined);
  await page.context().close();
});

test("everything can be reached and sent with the keyboard", async () => {
  const page = await open("/forms/workshop");
  await fillIn(page);
  const reached = new Set();
  for (let step = 0; step < 60; step += 1) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      const style = getComputedStyle(element);
      return { name: element.name ?? "", type: element.type ?? "", ring: style.outlineStyle !== "none" };
    });
    if (focused.name === "" && focused.type === "") continue;
    assert.ok(focused.ring, `${focused.name} shows no focus`);
    reached.add(focused.type === "submit" && focused.name === "" ? "submit" : focused.name);
  }
  for (const name of ["first_name", "properties.ticket", "properties.country", "properties.languages", "formwork:add", "submit"]) {
    assert.ok(reached.has(name), `${name} is not reached: ${[...reached]}`);
  }
  await page.locator("#field-first_name").focus();
  await page.keyboard.press("Enter");
  await page.getByText("your place is reserved").waitFor();
  await close(page);
});

/** Groups within groups, of which nothing is said. */
const GROUPS = `resource = "User"
access = "public"
[fields.properties.teams]
type = "array"
label = "Team"
items.type = "object"
[fields.properties.teams.items.fields.title]
validation.presence = true
[fields.properties.teams.items.fields.members]
type = "array"
label = "Member"
validation.length.maximum = 20
items.type = "object"
[fields.properties.teams.items.fields.members.items.fields.full_name]
validation.presence = true
[fields.properties.teams.items.fields.members.items.fields.vegetarian]
type = "boolean"
[fields.profiles.developer.properties.level]
validation = { presence = true, inclusion.in = ["junior", "senior"] }
[[examples]]
form = { email = "a@example.com" }
`;

const pages = {
  form: async () => open("/forms/workshop"),
  business: async (page) => page.getByLabel("Business").check(),
  rows: async (page) => page.getByRole("button", { name: "Add Companion" }).click(),
  errors: async (page) => send(page),
};

for (const colorScheme of ["light", "dark"]) {
  for (const [width, size] of [[1280, "wide"], [360, "narrow"], [320, "least"]]) {
    test(`every page is accessible, ${colorScheme} and ${size}`, async () => {
      const look = async (page, name) => {
        await page.evaluate(readFileSync(axe, "utf8"));
        const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
        assert.deepEqual(violations.map(({ id, nodes }) => `${name}: ${id} ${nodes.map((node) => node.html)}`), []);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(overflow <= 0, `${name} is ${overflow} pixels too wide`);
        if (!shots || size === "least") return;
        mkdirSync(shots, { recursive: true });
        await page.screenshot({ path: join(shots, `${name}-${size}-${colorScheme}.png`), fullPage: true });
      };
      const options = { colorScheme, viewport: { width, height: 800 }, reducedMotion: "reduce", bypassCSP: true };
      const page = await open("/forms/workshop", options);
      await look(page, "form");
      for (const name of ["business", "rows", "errors"]) {
        await pages[name](page);
        await look(page, name);
      }
      await fillIn(page);
      await page.getByLabel("Company").fill("Example GmbH");
      await page.getByLabel("VAT number").fill("PL1234567890");
      await page.getByLabel("Full name").fill("Grace Example");
      await send(page);
      await page.getByText("your place is reserved").waitFor();
      await look(page, "created");
      await close(page);
      await write("forms/groups.toml", GROUPS, "/forms/groups", (_, status) => status === 200);
      const groups = await open("/forms/groups", options);
      await groups.getByRole("button", { name: "Add Team" }).click();
      await groups.getByRole("button", { name: "Add Member" }).click();
      await groups.getByLabel("Vegetarian").check();
      await send(groups);
      await groups.getByRole("link", { name: "Team 1: Member 1: Full name can't be blank" }).waitFor();
      const { width: breadth } = await groups.getByLabel("Full name").boundingBox();
      assert.ok(breadth > 180, `a control within two groups is ${breadth} pixels wide`);
      await look(groups, "groups");
      await close(groups);
      const german = await open("/forms/newsletter?lang=de", options);
      await look(german, "newsletter");
      await close(german);
      const missing = await open("/forms/nowhere", options);
      missing.faults = [];
      await look(missing, "missing");
      await missing.context().close();
    });
  }
}
