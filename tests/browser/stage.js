// What every story stands on: a local stack of its own and a browser, there before the first test and gone after the last.

import { after, afterEach, before } from "node:test";

import { startBrowser } from "./chromium.js";
import { Person } from "./person.js";
import { startStack } from "./stack.js";

/** Opens a stage for the tests of a file: {url, enter}. */
export function openStage() {
  let stack;
  let browser;
  let people = [];
  before(async () => {
    [stack, browser] = await Promise.all([startStack(), startBrowser()]);
  });
  // What somebody had before their eyes when a test failed; one that passed has closed its windows.
  afterEach(async (test) => {
    for (const person of test.passed ? [] : people) if (!person.page.isClosed()) console.error(await person.sees());
    people = [];
  });
  after(async () => {
    await browser?.close();
    await stack?.stop();
  });
  return {
    get url() {
      return stack.url;
    },
    /** Somebody sits down at the console, in a window of this size. */
    async enter({ as = "", viewport } = {}) {
      const person = await Person.open(browser, `${stack.url}/${as && `?as=${as}`}`, viewport);
      people.push(person);
      return person;
    },
    /** What the stack says of itself. */
    state: async () => (await fetch(`${stack.url}/local/state`)).json(),
  };
}
