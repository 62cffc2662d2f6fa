// The middle: a channel's messages, the app's home, and a thread at the right.

import { act } from "./api.js";
import { renderBlocks } from "./blocks.js";
import { composer } from "./composer.js";
import { avatar, fill, h, icon, popover } from "./dom.js";
import { EMOJI } from "./emoji.js";
import { dayKey, dayName, mrkdwn, time, ago } from "./mrkdwn.js";
import { botId, currentChannel, home, inChannel, markRead, messagesOf, myDirect, now, on, person, repliesTo, store, tell } from "./store.js";

const main = document.getElementById("main");
const thread = document.getElementById("thread");
let drawn = { place: null, rows: new Map() };

on("place me people", drawMain);
on("state", () => !drawn.place && drawMain());
on("messages", update);
on("views", () => store.place?.kind === "app" && store.place.tab === "home" && drawHome());
on("thread messages me place", drawThread);

const millis = (ts) => Number(ts.split(".")[0]) * 1000 + Number((ts.split(".")[1] || "0").slice(0, 3));

function drawMain() {
  const place = store.place;
  if (!place || !store.me) return;
  const key = JSON.stringify([place, store.me]);
  const list = h("div", { class: "list", role: "log", "aria-live": "polite", "data-testid": "messages" });
  const again = drawn.place === key;
  const kept = again ? main.querySelector("textarea")?.value : "";
  const focused = again && document.activeElement === main.querySelector("textarea");
  drawn = { place: key, rows: new Map(), list };
  if (place.kind === "app" && place.tab === "home") {
    fill(main, heading(), h("div", { class: "home", "data-testid": "app-home" }));
    drawHome();
    return;
  }
  const channel = currentChannel();
  fill(main, heading(), h("div", { class: "scroller", id: "scroller" }, h("div", { class: "push" }), intro(channel), list), composer({ channel: () => currentChannel()?.id || "dm", name: channel?.im_with || !channel ? "Mayday" : `#${channel.name}`, kept }));
  if (focused) main.querySelector("textarea")?.focus();
  update();
  toBottom();
}

function heading() {
  const { place } = store;
  const menu = h("button", { class: "icon-button only-narrow", "aria-label": "Channels", onclick: () => document.body.classList.toggle("show-sidebar"), "data-testid": "open-sidebar" }, icon("menu"));
  const world = h("button", { class: "icon-button world-toggle", "aria-label": "The world", title: "The world", onclick: () => document.body.classList.toggle("show-world"), "data-testid": "open-world" }, icon("globe"));
  if (place.kind === "app") {
    const tab = (name, text) => h("button", { class: "tab", role: "tab", "aria-selected": place.tab === name, "data-testid": `tab-${name}`, onclick: () => go({ kind: "app", tab: name }) }, text);
    return h("header", { class: "heading app-heading" }, menu, h("img", { src: "/assets/icon.svg", class: "avatar", width: 28, height: 28, alt: "" }), h("h1", {}, store.state?.slack.app_name || "Mayday"), h("div", { class: "tabs", role: "tablist" }, tab("home", "Home"), tab("messages", "Messages")), h("span", { class: "grow" }), world);
  }
  const channel = store.channels.get(place.id);
  const members = (channel?.members || []).map(person);
  const faces = h("button", { class: "faces", title: members.map((one) => one.real_name || one.name).join(", "), type: "button", "aria-label": `${members.length} members` }, members.filter((one) => !one.is_bot).slice(0, 3).map((one) => avatar(one, 22)), h("span", {}, members.length));
  return h("header", { class: "heading" }, menu, h("h1", { "data-testid": "channel-name" }, icon(channel?.private ? "lock" : "hash", 18), channel?.name || place.id), channel?.topic && h("span", { class: "topic" }, channel.topic), h("span", { class: "grow" }), faces, world);
}

function intro(channel) {
  const command = store.state?.slack.commands?.[0];
  if (!channel || channel.im_with) {
    return h("div", { class: "intro" }, h("img", { src: "/assets/icon.svg", class: "avatar", width: 48, height: 48, alt: "" }), h("h2", {}, "Mayday"), h("p", {}, "Direct messages from the bot land here."));
  }
  return h("div", { class: "intro" }, h("h2", {}, icon(channel.private ? "lock" : "hash", 26), channel.name), h("p", {}, `This is the beginning of #${channel.name}. `, command && ["Try ", h("code", { class: "code" }, command.command), "."]));
}

export function go(place) {
  store.place = place;
  store.thread = null;
  document.body.classList.remove("show-sidebar", "show-world");
  history.replaceState(null, "", place.kind === "channel" ? `/#/c/${place.id}` : `/#/app/${place.tab}`);
  tell("place", "sidebar", "thread");
  if (place.kind === "app" && place.tab === "home") act("open_home", {});
}

function drawHome() {
  const box = main.querySelector(".home");
  if (!box) return;
  const view = home();
  const press = (block, element, value) => {
    const deed = element.type === "button" ? "click" : "select";
    const values = value === undefined ? {} : { [block.block_id]: { [element.action_id]: value } };
    return act(deed, { view_id: view.id, action_id: element.action_id, block_id: block.block_id, value: element.value, values });
  };
  const empty = h("div", { class: "empty" }, h("img", { src: "/assets/icon.svg", width: 56, height: 56, alt: "" }), h("h2", {}, "Nothing here yet"), h("p", {}, "Mayday has not published a home for you."));
  fill(box, h("div", { class: "home-inner" }, view ? renderBlocks(view.blocks, { press, values: view.state?.values, errors: {}, where: { view_id: view.id } }) : empty));
}

// Only rows whose message, neighbor or replies changed are drawn again.
function update() {
  if (!drawn.list) return;
  const channel = currentChannel();
  if (!channel) {
    if (store.place?.kind === "app" && myDirect()) drawMain();
    return;
  }
  const scroller = document.getElementById("scroller");
  const atBottom = scroller && scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 90;
  const messages = messagesOf(channel.id).filter(inChannel);
  const seen = new Set();
  let before = null;
  let cursor = drawn.list.firstChild;
  for (const message of messages) {
    const replies = repliesTo(channel.id, message.ts);
    const joined = before && before.user === message.user && !before.ephemeral === !message.ephemeral && millis(message.ts) - millis(before.ts) < 300_000 && dayKey(millis(before.ts)) === dayKey(millis(message.ts));
    const newDay = !before || dayKey(millis(before.ts)) !== dayKey(millis(message.ts));
    const key = JSON.stringify([message, joined, newDay, replies.length, replies.at(-1)?.ts, store.thread === message.ts]);
    let row = drawn.rows.get(message.ts);
    if (!row || row.key !== key) {
      const element = h("div", { class: "row" }, newDay && h("div", { class: "day", role: "separator" }, h("span", {}, dayName(millis(message.ts)))), drawMessage(message, { joined, replies }));
      if (row) row.element.replaceWith(element);
      if (row && cursor === row.element) cursor = element;
      row = { key, element };
      drawn.rows.set(message.ts, row);
    }
    if (row.element !== cursor) drawn.list.insertBefore(row.element, cursor);
    else cursor = cursor.nextSibling;
    seen.add(message.ts);
    before = message;
  }
  for (const [ts, row] of drawn.rows) if (!seen.has(ts)) row.element.remove(), drawn.rows.delete(ts);
  markRead(channel.id);
  if (atBottom) toBottom();
}

function toBottom() {
  const scroller = document.getElementById("scroller");
  if (scroller) requestAnimationFrame(() => (scroller.scrollTop = scroller.scrollHeight));
}

function drawMessage(message, { joined = false, replies = [], inThread = false } = {}) {
  const author = person(message.user);
  const at = millis(message.ts);
  const stamp = h("time", { class: "stamp", datetime: new Date(at).toISOString(), title: `${new Date(at).toISOString().replace("T", " ").slice(0, 19)} UTC` }, time(at));
  const edited = message.edited && h("span", { class: "edited", title: `Edited ${ago(millis(message.edited.ts))}` }, " (edited)");
  const press = (block, element, value) => {
    const deed = element.type === "button" ? "click" : "select";
    const values = value === undefined ? {} : { [block.block_id]: { [element.action_id]: value } };
    return act(deed, { channel: message.channel, message_ts: message.ts, action_id: element.action_id, block_id: block.block_id, value: element.value, values });
  };
  const where = { channel: message.channel, message_ts: message.ts };
  const hasBlocks = message.blocks?.length > 0;
  const body = hasBlocks ? renderBlocks(message.blocks, { press, where, errors: {} }) : h("div", { class: "text" }, mrkdwn(message.text), edited);
  const attachments = (message.attachments || []).map((one) => {
    const bar = h("div", { class: "attachment" }, one.pretext && h("div", { class: "text" }, mrkdwn(one.pretext)), one.blocks ? renderBlocks(one.blocks, { press, where, errors: {} }) : h("div", { class: "text" }, one.title && h("strong", {}, one.title), mrkdwn(one.text || one.fallback || "")));
    if (/^#?[0-9a-f]{6}$/i.test(one.color || "")) bar.style.borderLeftColor = `#${one.color.replace("#", "")}`;
    return bar;
  });
  const files = (message.files || []).map((one) => one.mimetype === "image/png" ? h("a", { class: "picture", href: one.url_private, target: "_blank" }, h("img", { src: one.url_private, alt: one.alt_txt, title: one.title })) : h("a", { class: "file", href: one.url_private, download: one.name }, icon("send", 16), one.title || one.name));
  const reactions = message.reactions?.length > 0 && h("div", { class: "reactions" }, message.reactions.map((one) => h("span", { class: "reaction", title: one.users.map((id) => person(id).real_name).join(", ") }, EMOJI.get(one.name) || `:${one.name}:`, h("b", {}, one.count))));
  const classes = ["message", joined && "joined", message.ephemeral && "ephemeral", store.thread === message.ts && !inThread && "selected", store.linked === message.ts && "linked"].filter(Boolean).join(" ");
  return h(
    "article",
    { class: classes, "data-testid": "message", "data-ts": message.ts, "data-user": message.user, "data-ephemeral": message.ephemeral ? "true" : undefined },
    message.ephemeral && h("div", { class: "only-you" }, icon("eye", 14), "Only visible to you"),
    h("div", { class: "gutter" }, joined ? stamp.cloneNode(true) : avatar(author)),
    h(
      "div",
      { class: "content" },
      !joined && h("div", { class: "by" }, h("span", { class: "name" }, author.real_name || author.name), author.is_bot && h("span", { class: "badge" }, "APP"), author.roles?.length > 0 && h("span", { class: "role" }, author.roles.join(" · ")), stamp),
      body,
      hasBlocks && edited && h("div", { class: "after-blocks" }, edited),
      attachments,
      files,
      reactions,
      replies.length > 0 && !inThread && replyBar(message, replies),
    ),
    !inThread && !message.ephemeral && tools(message),
  );
}

function replyBar(message, replies) {
  const users = [...new Set(replies.map((reply) => reply.user))];
  return h(
    "button",
    { class: "reply-bar", type: "button", onclick: () => openThread(message.ts), "data-testid": "open-thread" },
    users.slice(0, 4).map((id) => avatar(person(id), 22)),
    h("b", {}, replies.length === 1 ? "1 reply" : `${replies.length} replies`),
    h("span", { class: "last" }, `Last reply ${ago(millis(replies.at(-1).ts))}`),
  );
}

function tools(message) {
  const shortcuts = (store.state?.slack.shortcuts || []).filter((one) => one.on_message);
  const more = h("button", { class: "icon-button", type: "button", "aria-label": "Shortcuts" }, icon("dots"));
  more.addEventListener("click", () =>
    popover(more, shortcuts.map((one) => h("button", { class: "menu-item", role: "menuitem", onclick: () => act("shortcut", { channel: message.channel, message_ts: message.ts, callback_id: one.callback_id }) }, icon("bolt", 16), one.name))),
  );
  return h("div", { class: "tools" }, h("button", { class: "icon-button", type: "button", title: "Reply in thread", "aria-label": "Reply in thread", onclick: () => openThread(message.ts) }, icon("reply")), shortcuts.length > 0 && more);
}

function openThread(ts) {
  store.thread = ts;
  tell("thread", "messages");
}

export function closeThread() {
  if (!store.thread) return false;
  store.thread = null;
  tell("thread", "messages");
  return true;
}

let threadShown = null;
function drawThread() {
  const channel = currentChannel();
  const root = store.thread && channel && store.messages.get(channel.id)?.get(store.thread);
  thread.hidden = !root;
  document.body.classList.toggle("thread-open", Boolean(root));
  if (!root) {
    threadShown = null;
    fill(thread);
    return;
  }
  const replies = repliesTo(channel.id, root.ts);
  const key = `${store.me} ${root.ts}`;
  if (threadShown !== key) {
    threadShown = key;
    fill(
      thread,
      h("header", { class: "heading" }, h("h1", {}, "Thread"), h("span", { class: "topic" }, channel.im_with ? "Mayday" : `#${channel.name}`), h("span", { class: "grow" }), h("button", { class: "icon-button", type: "button", "aria-label": "Close thread", onclick: closeThread, "data-testid": "close-thread" }, icon("close"))),
      h("div", { class: "scroller", id: "thread-scroller" }, h("div", { id: "thread-list" })),
      composer({ channel: () => channel.id, thread: root.ts, name: "thread" }),
    );
  }
  const count = h("div", { class: "day plain" }, h("span", {}, replies.length === 1 ? "1 reply" : `${replies.length} replies`));
  fill(document.getElementById("thread-list"), drawMessage(root, { inThread: true }), count, replies.map((reply) => drawMessage(reply, { inThread: true })));
  const scroller = document.getElementById("thread-scroller");
  scroller.scrollTop = scroller.scrollHeight;
}

export { botId, now };
