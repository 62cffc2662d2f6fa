// The left: the workspace, who acts, channels, the app.

import { avatar, fill, h, icon, popover } from "./dom.js";
import { go } from "./messages.js";
import { isMine, me, myDirect, on, store, tell, unread } from "./store.js";

const root = document.getElementById("sidebar");

on("people messages me place sidebar online", draw);

export function channelsOfMine() {
  const mine = (channel) => !channel.im_with && !channel.archived && (!channel.private || channel.members.includes(store.me));
  return [...store.channels.values()].filter(mine).sort((one, other) => one.name.localeCompare(other.name));
}

function draw() {
  if (!store.state || !store.me) return;
  const { place } = store;
  const row = (selected, sign, text, count, target, testid) =>
    h("a", { class: `side-row${selected ? " selected" : ""}${count && !selected ? " unread" : ""}`, href: target.kind === "channel" ? `#/c/${target.id}` : `#/app/${target.tab}`, "aria-current": selected ? "page" : undefined, "data-testid": testid, onclick: (event) => (event.preventDefault(), go(target)) }, sign, h("span", { class: "side-text" }, text), count > 0 && !selected && h("span", { class: "count" }, count));
  const channels = channelsOfMine().map((channel) => row(place?.kind === "channel" && place.id === channel.id, icon(channel.private ? "lock" : "hash", 16), channel.name, unread(channel.id), { kind: "channel", id: channel.id }, `channel-${channel.name}`));
  const direct = myDirect();
  const logo = (size) => h("img", { src: "/assets/icon.svg", class: "avatar", width: size, height: size, alt: "" });
  const { app_name: app, team_name: team } = store.state.slack;
  fill(
    root,
    h("header", { class: "workspace" }, h("span", { class: "workspace-name" }, team || "Mayday Local"), h("span", { class: `live${store.online ? "" : " off"}`, title: store.online ? "Live" : "The stack does not answer" }, store.online ? "live" : "offline")),
    switcher(),
    h("div", { class: "side-scroll" }, h("h2", {}, "Channels"), channels, h("h2", {}, "Apps"), row(place?.kind === "app" && place.tab === "home", logo(20), app, 0, { kind: "app", tab: "home" }, "app-mayday"), h("h2", {}, "Direct messages"), row(place?.kind === "app" && place.tab === "messages", logo(20), app, direct && isMine(direct) ? unread(direct.id) : 0, { kind: "app", tab: "messages" }, "dm-mayday")),
    h("footer", { class: "side-foot" }, h("kbd", {}, "Alt ↑↓"), " channels ", h("kbd", {}, "/"), " type"),
  );
}

function switcher() {
  const mine = me();
  const button = h("button", { class: "switcher", type: "button", "aria-haspopup": "menu", "data-testid": "person-switcher" }, avatar(mine, 32), h("span", { class: "switcher-text" }, h("small", {}, "Acting as"), h("b", {}, mine.real_name || mine.name), mine.roles?.length > 0 && h("small", { class: "roles" }, mine.roles.join(" · "))), icon("chevron", 16));
  button.addEventListener("click", () => {
    const people = [...store.people.values()].filter((one) => !one.is_bot);
    const item = (one) => h("button", { class: `menu-item person${one.id === store.me ? " current" : ""}`, role: "menuitemradio", "aria-checked": one.id === store.me, "data-testid": `person-${one.id}`, onclick: () => become(one.id) }, avatar(one, 30), h("span", {}, h("b", {}, one.real_name || one.name), h("small", {}, [...(one.roles || []), one.deleted && "deactivated", (one.is_restricted || one.is_ultra_restricted) && "guest"].filter(Boolean).join(" · ") || `@${one.name}`)), one.id === store.me && icon("check", 16));
    popover(button, [h("p", { class: "menu-title" }, "Who is at the keyboard?"), people.map(item)], "people-menu");
  });
  return button;
}

export function become(id) {
  store.me = id;
  localStorage.setItem("me", id);
  if (store.place?.kind === "channel" && !channelsOfMine().some((one) => one.id === store.place.id)) go({ kind: "channel", id: channelsOfMine()[0]?.id });
  else if (store.place?.kind === "app") go(store.place);
  tell("me", "sidebar", "views", "messages", "thread");
}
