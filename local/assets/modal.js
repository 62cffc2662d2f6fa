// Forms, and the small dialog that asks whether one is sure.

import { act } from "./api.js";
import { renderBlocks } from "./blocks.js";
import { fill, h, icon } from "./dom.js";
import { textObject } from "./mrkdwn.js";
import { on, openViews, store } from "./store.js";

const root = document.getElementById("modals");
let shown = { key: null, id: null, typed: {}, field: null };

on("views me people", render);

/** The form on top: the one that no other open form has below it. */
function top() {
  const open = openViews();
  return open.find((view) => !open.some((other) => other.previous_view_id === view.id));
}

function render() {
  const view = top();
  const key = view && `${view.id} ${view.hash} ${JSON.stringify(view.errors)}`;
  if (key === (shown.key ?? undefined)) return;
  // Another body in the same form keeps what was typed into inputs that are still there.
  const typed = view && shown.id === view.id ? shown.typed : {};
  const focused = shown.field || document.activeElement?.dataset?.testid;
  const scrolled = root.querySelector(".modal-body")?.scrollTop || 0;
  const same = view && shown.id === view.id;
  shown = { key, id: view?.id, typed, field: same ? shown.field : null };
  fill(root, view && draw(view, typed));
  if (!view) return;
  const body = root.querySelector(".modal-body");
  if (same) body.scrollTop = scrolled;
  const again = same && focused && root.querySelector(`[data-testid="${CSS.escape(focused)}"]`);
  const first = root.querySelector("[data-autofocus]") || body.querySelector("input,select,textarea") || root.querySelector(".modal-footer .primary") || root.querySelector(".modal-close");
  (again || first)?.focus({ preventScroll: same });
  // What is said above the field that one types into must not push it out of sight.
  if (again) again.scrollIntoView({ block: "nearest" });
}

function draw(view, typed) {
  const trouble = view.errors?._;
  const where = { view_id: view.id };
  const press = (block, element, value) => {
    const deed = element.type === "button" ? "click" : "select";
    const values = { ...typed, [block.block_id]: { ...typed[block.block_id], ...(value === undefined ? {} : { [element.action_id]: value }) } };
    return act(deed, { ...where, action_id: element.action_id, block_id: block.block_id, value: element.type === "overflow" ? value : element.value, values });
  };
  const context = { press, values: view.state?.values, errors: view.errors, typed, where };
  const submit = view.submit && h("button", { class: "button primary", type: "submit", "data-testid": "modal-submit" }, view.submit.text);
  const send = async (event) => {
    event.preventDefault();
    if (!submit || submit.disabled) return;
    submit.disabled = true;
    submit.classList.add("busy");
    await act("submit", { ...where, values: typed });
    submit.disabled = false;
    submit.classList.remove("busy");
  };
  const close = () => act("close", where);
  const form = h(
    "form",
    { class: "modal", role: "dialog", "aria-modal": "true", "aria-label": view.title?.text, novalidate: true, onsubmit: send, "data-testid": "modal", "data-callback-id": view.callback_id },
    h(
      "header",
      { class: "modal-header" },
      view.previous_view_id && h("button", { class: "icon-button", type: "button", "aria-label": "Back", onclick: close }, icon("back")),
      h("img", { src: "/assets/icon.svg", alt: "", width: 24, height: 24, class: "avatar" }),
      h("h2", { "data-testid": "modal-title" }, textObject(view.title)),
      h("button", { class: "icon-button modal-close", type: "button", "aria-label": "Close", onclick: close, "data-testid": "modal-close" }, icon("close")),
    ),
    h("div", { class: "modal-body" }, trouble && h("p", { class: "trouble", role: "alert" }, icon("warn"), trouble), renderBlocks(view.blocks, context)),
    (submit || view.close) && h("footer", { class: "modal-footer" }, h("button", { class: "button", type: "button", onclick: close }, view.close?.text || "Cancel"), submit),
  );
  form.addEventListener("focusin", (event) => event.target.matches("input,select,textarea") && (shown.field = event.target.dataset.testid));
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) form.requestSubmit();
    trap(event, form);
  });
  return h("div", { class: "overlay", "data-testid": "overlay" }, form);
}

function trap(event, inside) {
  if (event.key !== "Tab") return;
  const all = [...inside.querySelectorAll("button,input,select,textarea,a[href]")].filter((one) => !one.disabled && one.offsetParent);
  const edge = event.shiftKey ? all[0] : all.at(-1);
  if (document.activeElement !== edge) return;
  event.preventDefault();
  (event.shiftKey ? all.at(-1) : all[0])?.focus();
}

/** A confirmation object of Block Kit. */
export function confirmDialog(confirm, go) {
  const before = document.activeElement;
  const close = () => {
    overlay.remove();
    before?.focus?.();
  };
  const yes = h("button", { class: `button ${confirm.style === "danger" ? "danger" : "primary"}`, type: "button", "data-testid": "confirm-yes", onclick: () => (close(), go()) }, confirm.confirm?.text || "Yes");
  const no = h("button", { class: "button", type: "button", "data-testid": "confirm-no", onclick: close }, confirm.deny?.text || "Cancel");
  const box = h(
    "div",
    { class: "modal small", role: "alertdialog", "aria-modal": "true", "data-testid": "confirm" },
    h("header", { class: "modal-header" }, h("h2", {}, textObject(confirm.title)), h("button", { class: "icon-button", "aria-label": "Close", onclick: close }, icon("close"))),
    h("div", { class: "modal-body text" }, textObject(confirm.text)),
    h("footer", { class: "modal-footer" }, no, yes),
  );
  const overlay = h("div", { class: "overlay top" }, box);
  box.addEventListener("keydown", (event) => (event.key === "Escape" && close(), trap(event, box)));
  document.body.append(overlay);
  no.focus();
}

export const modalOpen = () => root.childElementCount > 0 || store.confirming;
