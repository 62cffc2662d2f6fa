// Inputs of Block Kit. What is chosen lands in context.typed[block_id][action_id], in the short form that `act` takes.

import { act } from "./api.js";
import { h, icon } from "./dom.js";
import { textObject } from "./mrkdwn.js";
import { store } from "./store.js";

export function inputElement(block, element, context) {
  const all = (context.typed ||= {});
  const typed = all[block.block_id] || {};
  const known = context.values?.[block.block_id]?.[element.action_id] || {};
  const set = (value, dispatch = context.dispatch) => {
    typed[element.action_id] = value;
    all[block.block_id] = typed;
    if (dispatch) context.press(block, element, value);
  };
  const draw = DRAW[element.type];
  if (!draw) return h("span", { class: "unknown" }, `(${element.type})`);
  const drawn = draw(element, { known, typed: typed[element.action_id], set, id: context.id, block, context });
  const focus = drawn.matches("input,select,textarea,button") ? drawn : drawn.querySelector("input,select,textarea");
  focus?.setAttribute("data-testid", `field-${element.action_id}`);
  if (context.id && focus && !focus.id) focus.id = context.id;
  return drawn;
}

const placeholder = (element) => element.placeholder?.text || "";

function textInput(type) {
  return (element, { known, typed, set, context }) => {
    const multiline = element.multiline === true;
    const value = typed ?? known.value ?? "";
    const properties = { class: "field-text", placeholder: placeholder(element), value, autocomplete: "off", maxlength: element.max_length, type: multiline ? undefined : type, rows: multiline ? 4 : undefined };
    if (element.type === "number_input") Object.assign(properties, { min: element.min_value, max: element.max_value, step: element.is_decimal_allowed ? "any" : "1" });
    const field = h(multiline ? "textarea" : "input", properties);
    if (element.focus_on_load) field.setAttribute("data-autofocus", "");
    const triggers = element.dispatch_action_config?.trigger_actions_on || ["on_enter_pressed"];
    field.addEventListener("input", () => set(field.value, context.dispatch && triggers.includes("on_character_entered")));
    field.addEventListener("keydown", (event) => event.key === "Enter" && !multiline && context.dispatch && triggers.includes("on_enter_pressed") && (event.preventDefault(), set(field.value, true)));
    return field;
  };
}

const groupsOf = (element) => element.option_groups || [{ options: element.options || [] }];
const meant = (typed) => (typed && typeof typed === "object" ? typed.value : typed);

function select(element, { known, typed, set }) {
  const chosen = meant(typed) ?? known.selected_option?.value ?? "";
  const option = (one) => h("option", { value: one.value, selected: one.value === chosen }, one.text.text);
  const options = groupsOf(element).map((group) => (group.label ? h("optgroup", { label: group.label.text }, group.options.map(option)) : group.options.map(option)));
  const field = h("select", { class: "field-select" }, h("option", { value: "", disabled: true, selected: !chosen, hidden: true }, placeholder(element) || "Select an option"), options);
  field.addEventListener("change", () => set(field.value));
  return h("span", { class: "select-wrap" }, field, icon("chevron", 16));
}

function people(field) {
  return (element, { known, typed, set }) => {
    const list = field === "selected_user" ? [...store.people.values()].filter((one) => !one.is_bot && !one.deleted).map((one) => [one.id, one.real_name || one.name]) : [...store.channels.values()].filter((one) => !one.im_with).map((one) => [one.id, `#${one.name}`]);
    const options = list.map(([value, text]) => ({ value, text: { text } }));
    const as = typed ?? known[field];
    return select({ ...element, options }, { known: {}, typed: as, set });
  };
}

function several(element, { known, typed, set }) {
  const chosen = new Set((typed ?? (known.selected_options || []).map((one) => one.value)) || []);
  return choices(element, "checkbox", (value) => chosen.has(value), (value, on) => {
    if (on) chosen.add(value);
    else chosen.delete(value);
    set([...chosen]);
  });
}

function radio(element, { known, typed, set }) {
  const chosen = meant(typed) ?? known.selected_option?.value;
  return choices(element, "radio", (value) => value === chosen, (value) => set(value));
}

let groups = 0;
function choices(element, type, isChosen, choose) {
  const name = `group-${(groups += 1)}`;
  const row = (option) => {
    const box = h("input", { type, name, value: option.value, checked: isChosen(option.value) });
    box.addEventListener("change", () => choose(option.value, box.checked));
    const text = h("span", {}, h("span", { class: "text" }, textObject(option.text, { block: false })), option.description && h("span", { class: "description" }, textObject(option.description, { block: false })));
    return h("label", { class: "choice" }, box, text);
  };
  return h("div", { class: "choices", role: type === "radio" ? "radiogroup" : "group" }, groupsOf(element).flatMap((group) => group.options.map(row)));
}

const date = (type, field) => (element, { known, typed, set }) => {
  const input = h("input", { class: "field-text narrow", type, value: typed ?? known[field] ?? "" });
  input.addEventListener("change", () => set(input.value));
  return input;
};

// Slack's value is seconds since 1970; the field shows UTC and says so.
function dateTime(element, { known, typed, set }) {
  const at = Number(typed ?? known.selected_date_time);
  const value = at ? new Date(at * 1000).toISOString().slice(0, 19) : "";
  const input = h("input", { class: "field-text narrow", type: "datetime-local", step: "1", value });
  input.addEventListener("change", () => set(Math.round(Date.parse(`${input.value}Z`) / 1000)));
  return h("span", { class: "with-unit" }, input, h("span", { class: "unit" }, "UTC"));
}

/** A select whose options the bot offers while one types. */
function external(element, { known, typed, set, context }) {
  const chosen = (typed && typeof typed === "object" ? typed : null) || known.selected_option;
  const field = h("input", { class: "field-text", type: "text", role: "combobox", "aria-expanded": "false", autocomplete: "off", placeholder: placeholder(element) || "Type to search", value: chosen?.text?.text || "" });
  const list = h("div", { class: "suggestions", role: "listbox", hidden: true, "data-testid": `options-${element.action_id}` });
  const least = element.min_query_length ?? 3;
  let asked = 0;
  const show = (...children) => {
    list.replaceChildren(...children.flat());
    list.hidden = false;
    field.setAttribute("aria-expanded", "true");
  };
  const hide = () => {
    list.hidden = true;
    field.setAttribute("aria-expanded", "false");
  };
  const choose = (option) => {
    field.value = option.text.text;
    hide();
    set(option);
  };
  const search = async () => {
    const query = field.value;
    const number = (asked += 1);
    if (query.length < least) return show(h("p", { class: "nothing" }, `Type ${least} character${least === 1 ? "" : "s"} to search`));
    const outcome = await act("suggest", { action_id: element.action_id, text: query, ...context.where });
    if (number !== asked) return;
    const options = outcome?.options || [];
    const row = (option) => h("button", { class: "menu-item", type: "button", role: "option", onmousedown: (event) => (event.preventDefault(), choose(option)) }, textObject(option.text, { block: false }), option.description && h("span", { class: "description" }, textObject(option.description, { block: false })));
    show(options.length ? options.map(row) : [h("p", { class: "nothing" }, "No results")]);
  };
  let timer;
  field.addEventListener("input", () => (clearTimeout(timer), (timer = setTimeout(search, 180))));
  field.addEventListener("focus", () => (least === 0 || !field.value) && search());
  field.addEventListener("blur", hide);
  field.addEventListener("keydown", (event) => {
    const rows = [...list.querySelectorAll("button")];
    const at = rows.findIndex((row) => row.classList.contains("active"));
    if (list.hidden || !rows.length) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      rows[at]?.classList.remove("active");
      rows[(at + (event.key === "ArrowDown" ? 1 : rows.length - 1) + rows.length) % rows.length]?.classList.add("active");
      event.preventDefault();
    } else if (event.key === "Enter" && at >= 0) {
      rows[at].dispatchEvent(new MouseEvent("mousedown", { cancelable: true }));
      event.preventDefault();
      event.stopPropagation();
    } else if (event.key === "Escape") {
      hide();
      event.stopPropagation();
    }
  });
  return h("span", { class: "search" }, field, list);
}

const DRAW = {
  plain_text_input: textInput("text"),
  email_text_input: textInput("email"),
  url_text_input: textInput("url"),
  number_input: textInput("number"),
  static_select: select,
  external_select: external,
  multi_static_select: several,
  radio_buttons: radio,
  checkboxes: several,
  datepicker: date("date", "selected_date"),
  timepicker: date("time", "selected_time"),
  datetimepicker: dateTime,
  users_select: people("selected_user"),
  channels_select: people("selected_channel"),
  conversations_select: people("selected_conversation"),
};
