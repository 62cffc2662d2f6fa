// Help, forms, wrong phrases, reloading, a phone.

import assert from "node:assert/strict";
import { test } from "node:test";

import { openStage } from "./stage.js";

const stage = openStage();

const TIMEOUT = { timeout: 90_000 };

test("/dr answers with what one may do and buttons for it, to oneself only", TIMEOUT, async () => {
  const person = await stage.enter();
  await person.types("/dr help");
  const help = person.message("What you can do here");
  await help.waitFor();
  assert.match(await help.innerText(), /Only visible to you/);
  for (const verb of ["/dr backup", "/dr restore", "/dr why"]) assert.ok((await help.innerText()).includes(verb), verb);
  await help.getByRole("button", { name: "Status" }).click();
  await person.message("How things stand").waitFor();

  await person.becomes("Dave");
  assert.equal(await help.count(), 0, "an answer to Ana is not Dave's");
  await person.types("/dr help");
  await person.message("Not for you: restore, cancel").waitFor();
  await person.close();
});

test("what was probably meant is offered, and opens in a form", TIMEOUT, async () => {
  const person = await stage.enter();
  await person.types("/dr restor the inventory db to 2pm");
  const offered = person.message("Did you mean /dr restore inventory --at 14:00?");
  await offered.waitFor();
  await person.presses("Use this", offered);
  await person.form.getByText("Database", { exact: true }).waitFor();
  assert.equal(await person.form.getByLabel("Go back to this moment").inputValue(), "14:00");
  await person.closesForm();
  await person.close();
});

test("/dr restore opens a form, which says what is wrong at its field, proposes, and does nothing", TIMEOUT, async () => {
  const person = await stage.enter();
  const instances = await person.instances().count();
  await person.types("/dr restore");
  await person.form.getByText("Database", { exact: true }).waitFor();
  assert.equal(await person.form.getByLabel("Database").inputValue(), "inventory", "where there is one, nobody has to pick it");
  await person.form.getByLabel("Why").fill("a drill by hand");

  const moment = person.form.getByLabel("Go back to this moment");
  await moment.fill("25:99");
  await person.presses("Propose the restore", person.form);
  const problem = person.form.locator(".block-section", { hasText: "25:99" });
  await problem.waitFor();
  assert.equal(await problem.locator("+ .block").getByLabel("Go back to this moment").count(), 1, "it is said right above the field");
  assert.equal(await moment.inputValue(), "25:99", "and what was typed stays");

  await moment.fill("");
  await person.presses("Propose the restore", person.form);
  const card = person.message("a drill by hand");
  await card.getByText("Waits for approval").waitFor();
  await person.form.getByText("waits in #recovery").waitFor();
  await person.closesForm();
  assert.equal(await person.instances().count(), instances, "no instance was made");
  await person.presses("Take back", card);
  await card.getByText("Taken back").first().waitFor();
  assert.equal(await card.getByRole("button", { name: /^Approve/ }).count(), 0, "nobody can approve it any more");
  await person.close();
});

test("a wrong phrase is answered in the form with the difference, and what was typed stays", TIMEOUT, async () => {
  const person = await stage.enter();
  await person.types("/dr restore inventory --latest --reason wrong-phrase");
  const card = person.message("wrong-phrase");
  await card.getByText("Waits for approval").waitFor();
  await person.becomes("Bob");
  await person.presses(/^Approve/, card);
  const phrase = await person.phrase();
  const field = person.form.getByRole("textbox");
  await field.fill("inventory 99:99 eu-west-3");
  await person.presses(/^Restore inventory/, person.form);
  await person.form.getByText("Not approved yet. Not quite: you typed “99:99”").waitFor();
  assert.equal(await field.inputValue(), "inventory 99:99 eu-west-3");
  assert.ok(await inView(field), "the field can be seen beside what is wrong with it");

  await person.closesForm();
  await person.presses("Deny", card);
  await card.getByText(/denied/i).first().waitFor();
  assert.equal(await card.getByRole("button", { name: /^Approve/ }).count(), 0, `nobody is asked for ${phrase} any more`);
  await person.close();
});

/** Whether all of a form's field is within what the form shows, and the form within the window. */
const inView = (locator) =>
  locator.evaluate((element) => {
    const [one, body] = [element.getBoundingClientRect(), element.closest(".modal-body").getBoundingClientRect()];
    return one.top >= body.top && one.bottom <= body.bottom + 1 && element.form.getBoundingClientRect().bottom <= innerHeight;
  });

test("a reload keeps the place, the person and what was said", TIMEOUT, async () => {
  const person = await stage.enter();
  await person.becomes("Carol");
  await person.types("the lights are on");
  await person.message("the lights are on").waitFor();
  await person.page.reload();
  await person.message("the lights are on").waitFor();
  assert.match(await person.page.getByTestId("person-switcher").innerText(), /Carol/);
  assert.equal(await person.page.getByTestId("channel-name").innerText(), "recovery");
  await person.close();
});

test("two people at once see each other's decisions", TIMEOUT, async () => {
  const [ana, bob] = [await stage.enter(), await stage.enter({ as: "bob" })];
  await ana.types("/dr restore inventory --latest --reason two-windows");
  const card = bob.message("Waits for approval").filter({ hasText: "two-windows" });
  await bob.presses("Deny", card);
  await ana.message("two-windows").getByText(/denied/i).first().waitFor();
  await ana.close();
  await bob.close();
});

test("on a phone nothing is wider than the screen", TIMEOUT, async () => {
  const person = await stage.enter({ viewport: { width: 390, height: 844 } });
  await person.types("/dr restore inventory --latest --reason on-a-phone");
  const card = person.message("Waits for approval").filter({ hasText: "on-a-phone" });
  await card.waitFor();
  assert.deepEqual(await person.overflow(), []);
  await person.types("/dr restore");
  await person.form.getByText("Database", { exact: true }).waitFor();
  assert.deepEqual(await person.overflow(), []);
  await person.closesForm();
  // The next one asks for the latest state too, which may be the same one still.
  await person.presses("Take back", card);
  await person.message("on-a-phone").getByText("Taken back").first().waitFor();
  await person.close();
});

test("a list leads to the card of what it lists", TIMEOUT, async () => {
  const person = await stage.enter();
  await person.types("/dr restore inventory --latest --reason linked");
  const card = person.message("Waits for approval").filter({ hasText: "linked" }).filter({ has: person.page.getByTestId("action-approve") });
  await card.waitFor();
  const ts = await card.getAttribute("data-ts");
  await person.types("/dr approvals");
  const list = person.message("Only visible to you").filter({ hasText: "Decide on its card" }).last();
  await list.locator(`a[href$="/p${ts.replace(".", "")}"]`).click();
  const linked = person.page.locator(`.message.linked[data-ts="${ts}"]`);
  await linked.waitFor();
  await person.presses("Take back", linked);
  await linked.getByText("Taken back").first().waitFor();
  await person.close();
});
