// The desk in a real browser: what a person does, what they see, what is refused.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { House, PASSWORD, sample } from "./house.mjs";

const require = createRequire(join(process.env.DESK_MODULES, "package.json"));
let passed = 0;
const { chromium } = require("playwright-core");
const AXE = require.resolve("axe-core/axe.min.js");
const SHOTS = process.env.DESK_SHOTS;

mkdirSync(SHOTS, { recursive: true });
const house = await House.open();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
const wrong = [];
let failed = 0;

async function visit(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.on("pageerror", (error) => wrong.push(`${page.url()}: ${error.message}`));
  page.on("dialog", (dialog) => wrong.push(`${page.url()}: a dialog opened: ${dialog.message()}`));
  page.on("console", (said) => {
    if (said.text().includes("Content Security Policy")) wrong.push(`${page.url()}: ${said.text()}`);
  });
  return page;
}

async function signedIn(name, options) {
  const page = await visit(options);
  await page.goto(`${house.base}/sign-in`);
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.waitForURL(`${house.base}/`);
  return page;
}

async function serious(page) {
  await page.addScriptTag({ path: AXE });
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
}

async function test(name, act) {
  try {
    await act();
    passed += 1;
    console.log(`test ${name} ... ok`);
  } catch (error) {
    failed += 1;
    console.log(`test ${name} ... FAILED\n${error.stack}`);
  }
}

await house.account("lena", "reviewer");
await house.account("otto", "reviewer");

await test("a queue is cleared by keyboard, and an approval is taken back", async () => {
  const [first, second] = [await house.draft("cus_key_1"), await house.draft("cus_key_2")];
  const page = await signedIn("lena");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.waitForURL(/drafts/);
  await page.keyboard.press("a");
  await page.waitForURL(/undo/);
  await page.keyboard.press("z");
  await page.waitForURL(/drafts/);
  assert.equal(await house.state(first), "pending");
  for (const draft of [first, second]) {
    await page.goto(`${house.base}/drafts/${draft}`);
    await page.keyboard.press("a");
    await page.waitForURL(/undo/);
  }
  await page.waitForTimeout(3500);
  assert.deepEqual([await house.state(first), await house.state(second)], ["sent", "sent"]);
  await page.context().close();
});

await test("an edit shows its words and is sent as edited", async () => {
  const draft = await house.draft("cus_edit");
  const page = await signedIn("lena");
  await page.goto(`${house.base}/drafts/${draft}`);
  await page.keyboard.press("e");
  const text = page.getByLabel("Text");
  await text.fill(`${await text.inputValue()}\nKind regards`);
  await page.locator(".diff ins", { hasText: "regards" }).first().waitFor();
  assert.match(await page.locator(".diff").innerText(), /Kind regards/);
  await page.keyboard.press("Control+Enter");
  await page.waitForURL(`${house.base}/`);
  assert.equal(await house.state(draft), "sent");
  await page.context().close();
});

await test("an approval of something else is refused", async () => {
  const draft = await house.draft("cus_stale");
  const page = await signedIn("lena");
  await page.goto(`${house.base}/drafts/${draft}`);
  await page.locator("#approve [name=digest]").evaluate((field) => (field.value = "0".repeat(64)));
  await page.keyboard.press("a");
  await page.getByRole("alert").waitFor();
  assert.match(await page.getByRole("alert").innerText(), /not what you saw/);
  assert.equal(await house.state(draft), "pending");
  await page.context().close();
});

await test("whoever opens a draft has it, and the other goes on once they left", async () => {
  const draft = await house.draft("cus_race");
  const [lena, otto] = [await signedIn("lena"), await signedIn("otto")];
  await lena.goto(`${house.base}/drafts/${draft}`);
  await otto.goto(`${house.base}/drafts/${draft}`);
  await otto.getByText("lena has it open: you can read it").waitFor();
  assert.equal(await otto.locator("#approve").count(), 0);
  await lena.goto(`${house.base}/`);
  // Nobody reloads anything.
  await otto.locator("#approve button").waitFor();
  await otto.keyboard.press("a");
  await otto.waitForURL(/undo/);
  await otto.waitForTimeout(3500);
  assert.equal(await house.state(draft), "sent");
  for (const page of [lena, otto]) await page.context().close();
});

await test("of two who open and approve a draft at once one sends it, and the other is told", async () => {
  const draft = await house.draft("cus_at_once");
  const pages = [await signedIn("lena"), await signedIn("otto")];
  await Promise.all(pages.map((page) => page.goto(`${house.base}/drafts/${draft}`)));
  await Promise.all(pages.map((page) => page.keyboard.press("a")));
  await Promise.any(pages.map((page) => page.waitForURL(/undo/)));
  const others = pages.filter((page) => !page.url().includes("undo"));
  assert.equal(others.length, 1, "both think that they sent it");
  const [other] = others;
  await other.getByText(/(lena|otto) (has it open|approved it)/).first().waitFor();
  await other.waitForTimeout(3500);
  assert.equal(await house.state(draft), "sent");
  const { run } = await house.ask(`/v1/drafts/${draft}`);
  const { items } = await house.ask(`/v1/runs/${run}/entries`);
  assert.equal(items.filter(({ event }) => event.type === "message_sent").length, 1);
  for (const page of pages) await page.context().close();
});

await test("another version is asked for in words and stands beside the one before", async () => {
  const draft = await house.draft("cus_again");
  const page = await signedIn("lena");
  await page.goto(`${house.base}/drafts/${draft}`);
  await page.keyboard.press("n");
  await page.keyboard.type("Tell them how to print QR labels for their assets");
  await page.keyboard.press("Control+Enter");
  await page.waitForURL((url) => url.pathname.startsWith("/drafts/") && !url.pathname.endsWith(draft));
  await page.keyboard.press("d");
  await page.locator("#difference ins", { hasText: "Labels" }).first().waitFor();
  assert.equal(await house.state(draft), "replaced");
  await page.keyboard.press("w");
  assert.equal(await page.evaluate(() => document.activeElement.id), "why");
  await page.context().close();
});

await test("a draft is handed to a person, and one whose approval waits is withdrawn", async () => {
  const [handed, waiting] = [await house.draft("cus_hand"), await house.draft("cus_withdraw")];
  const page = await signedIn("lena");
  await page.goto(`${house.base}/drafts/${handed}`);
  await page.keyboard.press("h");
  await page.keyboard.type("they need a call");
  await page.keyboard.press("Control+Enter");
  await page.waitForURL(/handoffs/);
  await page.getByText("lena: they need a call").waitFor();
  await page.goto(`${house.base}/drafts/${waiting}`);
  await page.keyboard.press("l");
  await page.getByRole("button", { name: "Approve for then" }).click();
  await page.getByText("lena approved it").waitFor();
  await page.keyboard.press("u");
  await page.keyboard.type("they called us");
  await page.keyboard.press("Control+Enter");
  await page.waitForURL(`${house.base}/`);
  assert.deepEqual([await house.state(handed), await house.state(waiting)], ["escalated", "withdrawn"]);
  await page.context().close();
});

await test("what changes while a page is open is said there, and an approval of what was is refused with it", async () => {
  const draft = await house.draft("cus_changes");
  const { evidence } = await house.ask(`/v1/drafts/${draft}`);
  const { key } = evidence.find(({ kind }) => kind === "fact");
  const page = await signedIn("lena");
  await page.goto(`${house.base}/drafts/${draft}`);
  const since = sample("usage-gap.json");
  since.customer.id = "cus_changes";
  for (const facts of Object.values(since).filter(Array.isArray)) {
    for (const fact of facts.filter((fact) => fact.key === key)) fact.value = "quite another";
  }
  await house.ask("/v1/runs", since);
  await page.locator("#now", { hasText: "changed since you opened it" }).waitFor();
  await page.keyboard.press("a");
  await page.getByRole("alert").waitFor();
  await page.locator("#now ins", { hasText: "another" }).first().waitFor();
  assert.equal(await house.state(draft), "pending");
  // Now they have seen it.
  await page.keyboard.press("a");
  await page.waitForURL(/undo/);
  await page.context().close();
});

await test("a customer is erased by whoever types their id again", async () => {
  await house.draft("cus_erase");
  const page = await signedIn("admin");
  await page.goto(`${house.base}/customers/cus_erase`);
  await page.getByText("Make all of it unreadable").click();
  await page.getByText("1 of which await a person").waitFor();
  await page.getByLabel("Their id again").fill("cus_erase");
  await page.getByRole("button", { name: "Erase for good" }).click();
  await page.waitForURL(`${house.base}/`);
  const answer = await page.goto(`${house.base}/customers/cus_erase`);
  assert.equal(answer.status(), 404);
  await page.context().close();
});

await test("drafts that are alike go together once a sample was opened", async () => {
  const drafts = [await house.draft("cus_batch_1"), await house.draft("cus_batch_2")];
  const page = await signedIn("otto");
  for (const draft of drafts) {
    await page.locator(`a[href="/drafts/${draft}"]`).focus();
    await page.keyboard.press("x");
  }
  // What was selected stays so when the list changes, and what has the focus keeps it.
  await page.locator(`#rows input[value="${drafts[0]}"]`).focus();
  const later = await house.draft("cus_batch_3");
  await page.locator(`a[href="/drafts/${later}"]`).waitFor();
  assert.equal(await page.locator("#rows input:checked").count(), drafts.length);
  assert.equal(await page.evaluate(() => document.activeElement.value), drafts[0]);
  await page.getByRole("button", { name: "Look at the selected together" }).click();
  await page.waitForURL(/batch/);
  await page.keyboard.press("a");
  await page.getByRole("alert").waitFor();
  assert.match(await page.getByRole("alert").innerText(), /open this sample first/);
  for (const draft of drafts) await page.goto(`${house.base}/drafts/${draft}`);
  await page.goto(`${house.base}/batch?draft=${drafts[0]}&draft=${drafts[1]}`);
  await page.keyboard.press("a");
  await page.waitForURL(/sent/);
  for (const draft of drafts) assert.equal(await house.state(draft), "sent");
  await page.context().close();
});

await test("a handoff is taken, the agent is silent, and it is given back", async () => {
  const opened = await house.ask("/v1/conversations", sample("wants-human.json"));
  const page = await signedIn("lena");
  await page.goto(`${house.base}/handoffs/${opened.run}`);
  assert.ok(!(await page.locator("main").innerText()).includes('{"'), "what was tried is told, not dumped");
  await page.keyboard.press("a");
  await page.getByText("lena has it").waitFor();
  const messages = `/v1/conversations/${opened.conversation}/messages`;
  const silent = await house.ask(messages, { text: "Are you there?" });
  assert.deepEqual([silent.outcome, silent.reason_code], ["suppressed", "with_person"]);
  await page.reload();
  await page.getByText("Are you there?").waitFor();
  await page.getByRole("button", { name: "Give back" }).click();
  await page.getByText("returned").waitFor();
  await page.context().close();
});

await test("a new draft is there without a reload", async () => {
  const page = await signedIn("lena");
  const loaded = await page.evaluate(() => performance.timeOrigin);
  const draft = await house.draft("cus_live");
  await page.locator(`a[href="/drafts/${draft}"]`).waitFor();
  assert.equal(await page.evaluate(() => performance.timeOrigin), loaded);
  await page.context().close();
});

await test("what a customer is called and writes is text", async () => {
  const hostile = '"><img src=x onerror=alert(1)><script>alert(2)</script>{{ csrf }}';
  const draft = await house.draft("cus_hostile", hostile);
  const page = await signedIn("lena");
  await page.goto(`${house.base}/drafts/${draft}`);
  await page.getByRole("heading", { name: hostile }).waitFor();
  assert.equal(await page.locator("img").count(), 0);
  await page.context().close();
});

await test("other rules are tried on what was decided", async () => {
  const page = await signedIn("lena");
  await page.goto(`${house.base}/policies`);
  const rule = '@id("no_mail") @reason("no e-mail today")\nforbid (principal, action == Attache::Action::"draft_email", resource);';
  await page.getByLabel("Rules", { exact: true }).fill(rule);
  await page.getByRole("button", { name: "Decide them again" }).click();
  await page.locator("#found ins", { hasText: "no_mail" }).first().waitFor();
  await page.context().close();
});

await test("nothing is shut out, wide, small, light or dark", async () => {
  const [draft, other] = [await house.draft("cus_look"), await house.draft("cus_look_too")];
  const { run } = await house.ask("/v1/conversations", sample("wants-human.json"));
  const pages = { queue: "/", draft: `/drafts/${draft}`, batch: `/batch?draft=${draft}&draft=${other}`, customer: "/customers/cus_look" };
  Object.assign(pages, { handoff: `/handoffs/${run}`, run: `/runs/${run}`, why: `/runs/${run}/why`, rules: "/policies", figures: "/figures", gaps: "/gaps", audit: "/audit", settings: "/settings", sent: "/?tab=sent", interface: "/api" });
  for (const [width, colorScheme] of [[1280, "light"], [1280, "dark"], [375, "light"], [375, "dark"]]) {
    // The policy of our pages keeps every script out that is not ours: also axe-core.
    const look = { viewport: { width, height: 900 }, colorScheme, bypassCSP: true };
    // An administrator sees every page.
    const page = await signedIn("admin", look);
    for (const [name, path] of Object.entries(pages)) {
      await page.goto(house.base + path);
      await page.screenshot({ path: join(SHOTS, `${name}-${width}-${colorScheme}.png`) });
      assert.deepEqual(await serious(page), [], `${name} ${width} ${colorScheme}`);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${name} is ${overflow} px too wide at ${width} px`);
    }
    await page.context().close();
  }
});

await test("a restart keeps what was approved and sends nothing twice", async () => {
  const draft = await house.draft("cus_restart");
  const page = await signedIn("lena");
  await page.goto(`${house.base}/drafts/${draft}`);
  await page.keyboard.press("a");
  await page.waitForURL(/undo/);
  await page.context().close();
  await house.stop();
  await house.start();
  await new Promise((tell) => setTimeout(tell, 3500));
  assert.equal(await house.state(draft), "sent");
  const { run } = await house.ask(`/v1/drafts/${draft}`);
  const { items } = await house.ask(`/v1/runs/${run}/entries`);
  assert.equal(items.filter(({ event }) => event.type === "message_sent").length, 1);
});

await browser.close();
await house.close();
for (const one of wrong) console.log(`wrong: ${one}`);
failed += wrong.length;
console.log(`test result: ${failed === 0 ? "ok" : "FAILED"}. ${passed} passed; ${failed} failed;`);
process.exit(failed === 0 ? 0 : 1);
