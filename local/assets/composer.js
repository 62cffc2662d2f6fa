// Where one types: messages, and slash commands, which Slack knows in channels but not in threads.

import { act } from "./api.js";
import { h, icon, toast } from "./dom.js";
import { me, store } from "./store.js";

const said = [];

export function composer({ channel, thread, name, kept = "" }) {
  const field = h("textarea", { rows: 1, placeholder: thread ? "Reply…" : `Message ${name}`, "aria-label": `Message ${name}`, value: kept, "data-testid": thread ? "thread-composer" : "composer", spellcheck: "false" });
  const hints = h("div", { class: "hints", hidden: true, "data-testid": "command-hints" });
  const button = h("button", { class: "send", type: "submit", "aria-label": "Send", "data-testid": thread ? "thread-send" : "send" }, icon("send"));
  const form = h("form", { class: "composer" }, hints, h("div", { class: "composer-box" }, field, h("div", { class: "composer-foot" }, h("span", { class: "composer-as" }, `as ${me().real_name || me().name}`), h("span", { class: "composer-keys" }, !thread && [h("kbd", {}, "/dr"), " for commands"]), !thread && globals(), button)));
  let recalled = said.length;
  let chosen = 0;

  const grow = () => {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight, 200)}px`;
    button.classList.toggle("ready", field.value.trim() !== "");
    hint();
  };
  const candidates = () => {
    const text = field.value;
    const commands = store.state?.slack.commands || [];
    if (!thread && /^\/\S*$/.test(text)) return commands.filter((one) => one.command.startsWith(text)).map((one) => ({ insert: `${one.command} `, title: one.command, usage: one.usage_hint, text: one.description }));
    const at = text.slice(0, field.selectionStart).match(/(?:^|\s)@([\w.-]*)$/);
    if (!at) return [];
    const people = [...store.people.values()].filter((one) => !one.deleted && !one.is_bot && (one.name + one.real_name).toLowerCase().includes(at[1].toLowerCase()));
    return people.slice(0, 6).map((one) => ({ insert: `@${one.name} `, over: at[1].length + 1, title: `@${one.name}`, text: one.real_name }));
  };
  const hint = () => {
    const found = candidates();
    chosen = Math.min(chosen, Math.max(0, found.length - 1));
    hints.hidden = found.length === 0;
    hints.replaceChildren(...found.map((one, index) => h("button", { type: "button", class: index === chosen ? "hint active" : "hint", onmousedown: (event) => (event.preventDefault(), take(one)) }, h("b", {}, one.title), one.usage && h("span", { class: "usage" }, one.usage), h("span", { class: "what" }, one.text))));
  };
  const take = (one) => {
    const end = field.selectionStart;
    const before = one.over ? field.value.slice(0, end - one.over) : "";
    const after = one.over ? field.value.slice(end) : "";
    field.value = before + one.insert + after;
    grow();
    field.focus();
  };
  const send = async (event) => {
    event?.preventDefault();
    const text = field.value.trim();
    if (!text) return;
    if (thread && text.startsWith("/")) return toast("Slash commands don't work in threads: Slack has them in channels only.");
    said.push(text);
    recalled = said.length;
    field.value = "";
    grow();
    const deed = text.startsWith("/") ? "command" : "say";
    form.classList.add("busy");
    await act(deed, { channel: channel(), text: encode(text), thread_ts: thread });
    form.classList.remove("busy");
  };
  form.addEventListener("submit", send);
  field.addEventListener("input", grow);
  field.addEventListener("blur", () => (hints.hidden = true));
  field.addEventListener("keydown", (event) => {
    const found = hints.hidden ? [] : candidates();
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      const one = found[chosen];
      if (one && one.insert.trim() !== field.value.trim()) event.preventDefault(), take(one);
      else send(event);
    } else if (event.key === "Tab" && found.length) {
      event.preventDefault();
      take(found[chosen]);
    } else if (found.length && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      chosen = (chosen + (event.key === "ArrowDown" ? 1 : found.length - 1)) % found.length;
      hint();
    } else if (event.key === "ArrowUp" && (field.value === "" || field.value === said[recalled]) && recalled > 0) {
      event.preventDefault();
      recalled -= 1;
      field.value = said[recalled];
      grow();
    } else if (event.key === "Escape" && found.length) {
      event.stopPropagation();
      hints.hidden = true;
    }
  });
  if (kept) queueMicrotask(grow);
  return form;
}

/** The app's shortcuts that hang on no message. */
function globals() {
  const all = (store.state?.slack.shortcuts || []).filter((one) => !one.on_message);
  return all.map((one) => h("button", { class: "icon-button", type: "button", title: one.name, "aria-label": one.name, "data-testid": `shortcut-${one.callback_id}`, onclick: () => act("shortcut", { callback_id: one.callback_id }) }, icon("bolt", 16)));
}

/** What Slack's client does to a text before it sends it: signs escaped, names turned into ids. */
function encode(text) {
  const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const named = escaped.replace(/(^|[\s(])@([\w.-]+)/g, (whole, before, name) => {
    const known = [...store.people.values()].find((one) => one.name === name);
    return known ? `${before}<@${known.id}|${known.name}>` : whole;
  });
  return named.replace(/(^|[\s(])#([\w-]+)/g, (whole, before, name) => {
    const known = [...store.channels.values()].find((one) => one.name === name);
    return known ? `${before}<#${known.id}|${known.name}>` : whole;
  });
}
