// The newcomer's story, as the README tells it: rows are lost, one person asks, another approves, one message counts up,
// and the rows are back.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { openStage } from "./stage.js";

const stage = openStage();

/** The README's picture of the finished story, taken anew only when MAYDAY_SCREENSHOT is set. */
const picture = fileURLToPath(new URL("../../docs/console.png", import.meta.url));

test("a newcomer loses rows, asks as Ana, approves as Bob, and sees them back", { timeout: 180_000 }, async () => {
  const person = await stage.enter();
  const old = "inventory-production";
  assert.equal(await person.page.getByTestId("channel-name").innerText(), "recovery");
  const whole = await person.rows(old, "movements");
  assert.ok(whole > 70_000, `the demonstration has rows to lose, not ${whole}`);

  const well = await person.losesRows(old);
  await person.database(old).locator(".lost").waitFor();
  const left = await person.rows(old, "movements");
  assert.ok(left < whole / 10, `most rows are gone: ${left} of ${whole} are left`);

  await person.types(`/dr restore inventory --at "${well}"`);
  const card = person.message("Waits for approval").filter({ has: person.page.getByTestId("action-approve") });
  await card.waitFor();
  for (const words of ["inventory-production", "eu-west-1", "@Ana", well, "What exactly will be done", "Point of no return"]) {
    assert.ok((await card.innerText()).includes(words), `the card says ${words}`);
  }
  await person.message("Only visible to you").filter({ hasText: "waits in #recovery" }).waitFor();

  await person.presses(/^Approve/, card);
  await person.message("You asked for this, so your approval does not count").waitFor();

  await person.becomes("Bob");
  assert.equal(await person.message("Only visible to you").count(), 0, "what only Ana may see is gone");
  assert.match(await person.approves(card), /^inventory \d\d:\d\d eu-west-1$/);

  const headline = person.page.getByTestId("message").filter({ hasText: /\d\. Restore to a new instance/ }).filter({ hasText: /Run r-/ }).first();
  await headline.waitFor({ timeout: 60_000 });
  const seen = await person.watches(headline);
  const report = person.message("Done: Restore inventory");
  await report.waitFor({ timeout: 120_000 });

  const texts = await seen();
  const done = texts.map((text) => text.match(/✅ \d\./g)?.length ?? 0);
  assert.ok(texts.length >= 3, `the one message was edited while one watched: ${texts.length} states`);
  assert.deepEqual(done, [...done].sort((one, other) => one - other), "it only counts up");
  // One more when the log had to reach that moment first.
  assert.ok([6, 7].includes(done.at(-1)), `all steps are done in it: ${done.at(-1)}`);
  assert.equal(await person.page.getByTestId("action-approve").count(), 0, "the buttons of a decided card are gone");

  for (const words of ["within the objective (RTO) of 1 h", "tenants are there", "items are there", "found 0", "all 35 settings"]) {
    assert.ok((await report.innerText()).includes(words), `the report says ${words}`);
  }
  const restored = person.page.locator('[data-testid^="database-inventory-production-r-"]');
  await restored.getByText("available").waitFor();
  const shown = restored.getByTestId("table-movements").getByTestId("rows");
  await person.page.waitForFunction(([element, rows]) => Number(element.dataset.rows) === rows, [await shown.elementHandle(), whole]);
  assert.equal(await person.rows(old, "movements"), left, "the old instance is as it was");
  await restored.getByTestId("reached").waitFor();
  assert.equal(await person.database(old).getByTestId("reached").count(), 0, "applications have left the old one");
  const beats = () => restored.getByTestId("table-heartbeat").getByTestId("rows").getAttribute("data-rows");
  const before = Number(await beats());
  await person.page.waitForFunction(([element, count]) => Number(document.querySelector(element).dataset.rows) > count, [`[data-testid="${await restored.getAttribute("data-testid")}"] [data-testid="table-heartbeat"] [data-testid="rows"]`, before]);

  if (process.env.MAYDAY_SCREENSHOT) {
    for (const toast of await person.page.getByTestId("toast").all()) await toast.waitFor({ state: "detached" });
    await person.page.mouse.move(640, 20);
    await headline.evaluate((message) => message.scrollIntoView());
    await person.page.screenshot({ path: picture });
  }
  await person.close();
});
