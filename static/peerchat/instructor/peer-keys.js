import { h } from "../core/dom.js";
import { tabStorage } from "../core/storage.js";
import { gettext } from "../core/texts.js";

const OFF_KEY = "peerchat:keys";

/** The key of each step. Of several buttons under one key, the first that can be pressed is meant. */
const KEYS = [
  ["V", gettext("Start the vote"), ["start-question"]],
  ["Q", gettext("Quick question"), []],
  ["C", gettext("Close in 5 s"), ["count-down"]],
  ["1", gettext("Close in 10 s"), ["count-down-10"]],
  ["3", gettext("Close in 30 s"), ["count-down-30"]],
  ["+", gettext("30 seconds more"), ["extend"]],
  ["S", gettext("Stop now"), ["stop-vote"]],
  ["P", gettext("Form partners"), ["make-partners"]],
  ["D", gettext("Start the discussion"), ["enable-discussion"]],
  ["T", gettext("Let partners chat"), ["enable-chat"]],
  ["F", gettext("Talk face to face"), ["enable-face-chat"]],
  ["W", gettext("Vote again"), ["start-revote"]],
  ["R", gettext("Reveal the answer"), ["reveal"]],
  ["O", gettext("Reopen the vote"), ["reopen"]],
  ["H", gettext("Show the bars on the screen, or hide them"), ["show-bars"]],
  ["N", gettext("Finish this question"), ["next-question"]],
  ["A", gettext("Show the argument that moved most in the hall, or hide the one that is there"), []],
  ["G", gettext("Go to the groups, to those first that are worth a visit"), []],
  ["M", gettext("Write a message to all groups"), []],
  ["U", gettext("Undo what you did last with a group"), []],
];
const STEPS = new Map(KEYS.map(([key, , names]) => [key.toLowerCase(), names]));
const TYPED = new Set(["text", "search", "number", "email", "url", "tel", "password", "date", "time", "datetime-local"]);

/**
 * The keys of the instructor's page, and the button with the list of them. A clicker sends Page Down and Page Up.
 * `connect({control, quick, args, groups, scope})` once: the steps, the quick question, the arguments, the groups, and
 * what the keys are pressed in: the document, or in a page that is not peerchat's only the panel.
 */
export class PeerKeys extends HTMLElement {
  #control;
  #others;
  #dialog;
  #on = tabStorage.getItem(OFF_KEY) !== "off";

  connectedCallback() {
    if (this.#dialog) return;
    const button = h(
      "button",
      { type: "button", class: "button small quiet keys-button", "aria-label": gettext("Keys"), title: gettext("Keys"), "aria-haspopup": "dialog", data: { testid: "keys-open" }, on: { click: () => this.#open() } },
      "?",
    );
    const enabled = h("input", { type: "checkbox", ".checked": this.#on, data: { testid: "keys-on" }, on: { change: () => this.#turn(enabled.checked) } });
    const row = (key, text, props = { class: "keys-row" }) => h("div", props, h("dt", {}, h("kbd", {}, key)), h("dd", {}, text));
    this.#dialog = h(
      "dialog",
      { class: "keys-dialog", "aria-labelledby": "keys-title", data: { testid: "keys-dialog" }, on: { click: (event) => this.#clicked(event) } },
      h(
        "form",
        { method: "dialog", class: "keys-body" },
        h("h2", { id: "keys-title" }, gettext("Keys")),
        h(
          "dl",
          { class: "keys-list" },
          row(gettext("Page Down"), gettext("The next step: what the large button says"), { class: "keys-row keys-pages" }),
          row(gettext("Page Up"), gettext("Close this list, or hide the bars on the screen"), { class: "keys-row keys-pages" }),
          KEYS.map(([key, text]) => row(key, text)),
          row("?", gettext("This list")),
        ),
        h("p", { class: "muted" }, gettext("A clicker sends Page Down and Page Up. While you type, letters are letters.")),
        h("label", { class: "switch" }, enabled, h("span", {}, gettext("Use these keys on this page"))),
        h("button", { type: "submit", class: "button primary", autofocus: true, data: { testid: "keys-close" } }, gettext("Close")),
      ),
    );
    this.append(button, this.#dialog);
  }

  connect({ control, quick, args, groups, scope }) {
    this.#control = control;
    this.#others = { q: () => quick.toggle(), a: () => args.toggle(), g: () => groups.enter(), m: () => groups.write(), u: () => groups.undo() };
    scope.addEventListener("keydown", (event) => this.#key(event));
  }

  #key(event) {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.repeat) return;
    const [target] = event.composedPath();
    if (this.#does(event.key, target)) event.preventDefault();
  }

  /** Do what a key means, and return whether it means anything here. */
  #does(key, target) {
    if (this.#dialog.open) {
      if (key === "PageUp") this.#dialog.close();
      // Nothing moves the class while the list covers it.
      return key === "PageUp" || key === "PageDown";
    }
    if (target.getRootNode().querySelector("dialog[open]")) return false;
    if (key === "?" && !isField(target)) {
      this.#open();
      return true;
    }
    if (!this.#on) return false;
    if (key === "PageDown" || key === "PageUp") {
      if (keepsPages(target)) return false;
      if (key === "PageDown") this.#control.press();
      else if (this.#control.showsBars) this.#control.press("show-bars");
      else return false;
      return true;
    }
    if (isField(target)) return false;
    const letter = key.toLowerCase();
    if (letter in this.#others) return this.#others[letter]();
    return (STEPS.get(letter) ?? []).some((name) => this.#control.press(name));
  }

  #open() {
    this.#dialog.showModal();
  }

  #clicked(event) {
    // Beside the list.
    if (event.target === this.#dialog) this.#dialog.close();
  }

  #turn(on) {
    this.#on = on;
    tabStorage.setItem(OFF_KEY, on ? "" : "off");
  }
}

/** Whether a key that is pressed there is typed, or chooses something. */
function isField(target) {
  if (target.isContentEditable) return true;
  return target.matches("textarea, select") || (target.matches("input") && TYPED.has(target.type));
}

/** Whether Page Down moves the caret there: a clicker drives the class from all other fields, too. */
function keepsPages(target) {
  return target.isContentEditable || (target.matches("textarea") && target.value !== "");
}

customElements.define("peer-keys", PeerKeys);
