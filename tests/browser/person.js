// Whoever sits at the console: types, presses and reads as a person does, by what is on the screen.

import assert from "node:assert/strict";

const IDS = { Ana: "U0ANA00001", Bob: "U0BOB00001", Carol: "U0CAROL001", Dave: "U0DAVE0001" };

export class Person {
  constructor(page) {
    this.page = page;
    this.messages = page.getByTestId("messages");
    this.form = page.getByTestId("modal");
    this.panel = page.getByTestId("world");
  }

  /** Opens the console at `url` in a window of this size; what the page itself complains of fails the test at `close`. */
  static async open(browser, url, viewport = { width: 1280, height: 800 }) {
    const context = await browser.newContext({ viewport });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    const complaints = [];
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    await page.goto(url);
    const person = new Person(page);
    person.complaints = complaints;
    await page.locator("body.ready").waitFor();
    await person.database("inventory-production").waitFor({ state: "attached" });
    return person;
  }

  async close() {
    await this.page.context().close();
    assert.deepEqual(this.complaints, [], "the console's own errors");
  }

  /** The end of what is on the screen, as text. */
  async sees() {
    return (await this.page.locator("body").innerText()).slice(-4000);
  }

  async becomes(name) {
    await this.page.getByTestId("person-switcher").click();
    await this.page.getByTestId(`person-${IDS[name]}`).click();
    await this.page.getByTestId("person-switcher").filter({ hasText: name }).waitFor();
  }

  /** Types into the channel's field, key by key, and sends it. */
  async types(text) {
    await this.page.getByTestId("composer").pressSequentially(text);
    await this.page.keyboard.press("Enter");
  }

  /** The message of the bot that has these words. */
  message(words) {
    return this.page.getByTestId("message").filter({ hasText: words });
  }

  async presses(name, within = this.page) {
    await within.getByRole("button", { name }).click();
  }

  /** A database's card in the panel. */
  database(instance) {
    return this.page.getByTestId(`database-${instance}`);
  }

  /** How many rows the panel shows for a table of an instance. */
  async rows(instance, table) {
    const shown = this.database(instance).getByTestId(`table-${table}`).getByTestId("rows");
    return Number(await shown.getAttribute("data-rows"));
  }

  /** Deletes rows with the panel's button and reads off the moment until which all was well: "14:05:09 UTC". */
  async losesRows(instance) {
    const card = this.database(instance);
    await this.presses("Delete rows", card);
    await this.presses("Sure?", card);
    const well = card.getByText(/All was well until/);
    await well.waitFor();
    return (await well.innerText()).match(/\d\d:\d\d:\d\d UTC/)[0];
  }

  /** The cards of all instances in the panel. */
  instances() {
    return this.page.locator('[data-testid^="database-"]');
  }

  /** The phrase that the open form asks for. */
  async phrase() {
    const asked = this.form.locator(".block", { hasText: "Type this to approve:" });
    return (await asked.locator("+ .block code").innerText()).trim();
  }

  /** Approves what a card proposes, with its phrase, and closes the form. The phrase. */
  async approves(card) {
    await this.presses(/^Approve/, card);
    const phrase = await this.phrase();
    await this.form.getByRole("textbox").fill(phrase);
    await this.form.getByTestId("modal-submit").click();
    await this.form.getByText("counts").waitFor();
    await this.closesForm();
    return phrase;
  }

  async closesForm() {
    await this.presses("Close", this.form.locator("footer"));
    await this.form.waitFor({ state: "detached" });
  }

  /** Collects the different texts that an element shows from now on, while the page lives. */
  async watches(locator) {
    await locator.evaluate((element) => {
      const row = () => document.querySelector(`[data-ts="${element.dataset.ts}"]`);
      const seen = (globalThis.seen = [row().innerText]);
      new MutationObserver(() => {
        const text = row()?.innerText;
        if (text && text !== seen.at(-1)) seen.push(text);
      }).observe(document.getElementById("main"), { childList: true, subtree: true, characterData: true });
    });
    return () => this.page.evaluate(() => globalThis.seen);
  }

  /** Whether something on the page is wider than the window. */
  async overflow() {
    return this.page.evaluate(() => {
      const wide = [...document.querySelectorAll("body *")].filter((one) => {
        const box = one.getBoundingClientRect();
        return box.width && box.right > innerWidth + 1 && box.left < innerWidth && getComputedStyle(one).visibility !== "hidden" && !one.closest("pre");
      });
      return wide.map((one) => one.outerHTML.slice(0, 120));
    });
  }
}
