import { answerWords } from "../core/answer-words.js";
import { h, setText, show } from "../core/dom.js";
import { number } from "../core/format.js";
import { showInline } from "../core/rich.js";
import { fill, gettext, ngettext } from "../core/texts.js";

const SHOWN_IN = new Set(["revote_closed", "revealed"]);

/**
 * The arguments that moved most of the class, without their authors, to be shown in the hall. `connect({command})`
 * once, where `command(action, fields)` sends; then `render({session, figures, answers, enabled})`: `answers` tells
 * whether the screen may show what is right.
 */
export class PeerArguments extends HTMLElement {
  #command;
  #said;
  #list;
  #none;
  #withheld;
  #drawn = "";

  connectedCallback() {
    if (this.#list) return;
    this.#said = h("p", { class: "muted", data: { testid: "arguments-said" } });
    this.#list = h("ol", { class: "arguments-list" });
    this.#none = h("p", { data: { testid: "arguments-none" } });
    this.#withheld = h("p", { class: "muted", data: { testid: "arguments-withheld" } });
    this.append(h("h2", {}, gettext("What convinced the class")), this.#said, this.#list, this.#none, this.#withheld);
  }

  connect({ command }) {
    this.#command = command;
  }

  /** Hide what the hall shows, or else show the first argument there. Return whether either is possible. */
  toggle() {
    const button = this.#list.querySelector("button[data-shown]") ?? this.#list.querySelector("button");
    if (!button?.checkVisibility() || button.disabled) return false;
    button.click();
    return true;
  }

  render({ session, figures, answers, enabled }) {
    const { question, phase, asks } = session;
    const told = SHOWN_IN.has(phase) && question ? (figures?.arguments ?? null) : null;
    const total = told ? Object.values(told.said).reduce((sum, count) => sum + count, 0) : 0;
    const visible = told !== null && (total > 0 || (asks?.convinced ?? true));
    show(this, visible);
    if (!visible) return;
    const { arguments: found, withheld, said } = told;
    setText(this.#said, total ? saidWords(said) : "");
    const knows = answers || phase === "revealed";
    const drawn = JSON.stringify([question.question, found, knows, enabled]);
    if (drawn !== this.#drawn) {
      this.#drawn = drawn;
      const focused = this.getRootNode().activeElement;
      const key = this.#list.contains(focused) ? focused.dataset.argument : null;
      this.#list.replaceChildren(...found.map((one) => this.#row(question, one, { knows, enabled })));
      if (key) [...this.#list.querySelectorAll("button")].find(({ dataset }) => dataset.argument === key)?.focus({ preventScroll: true });
    }
    show(this.#list, found.length > 0);
    show(this.#none, !found.length);
    setText(this.#none, noneWords(total, withheld, said));
    show(this.#withheld, found.length > 0 && withheld > 0);
    setText(this.#withheld, fill(ngettext("%(count)s more argument convinced students, but its author does not let others see it.", "%(count)s more arguments convinced students, but their authors do not let others see them.", withheld), { count: number(withheld) }));
  }

  #row(question, one, { knows, enabled }) {
    const words = h("blockquote", { class: "arguments-text", dir: "auto" });
    showInline(words, one.text);
    return h(
      "li",
      { class: "arguments-item", data: { testid: "argument" } },
      words,
      h(
        "div",
        { class: "arguments-foot" },
        one.choice === null ? null : h("span", { class: "tag", dir: "auto", data: { testid: "argument-choice" } }, fill(gettext("argued for %(choice)s"), { choice: answerWords(question, one.choice, { most: 40 }) })),
        h("span", { data: { testid: "argument-votes" } }, movedWords(one, knows)),
        h(
          "button",
          {
            type: "button",
            class: "button small",
            disabled: !enabled,
            data: { argument: one.argument, testid: "argument-show", ...(one.shown && { shown: "" }) },
            on: { click: () => this.#command("show_argument", { argument: one.shown ? null : one.argument }) },
          },
          one.shown ? gettext("Hide in the hall") : gettext("Show in the hall"),
        ),
      ),
    );
  }
}

/** How many an argument convinced, and what became of their answers; what is right only where it may be seen. */
function movedWords({ named, changed, became_right: right }, knows) {
  const all = fill(ngettext("convinced %(count)s student", "convinced %(count)s students", named), { count: number(named) });
  if (knows && right) return fill(gettext("%(all)s, of whom %(count)s became right"), { all, count: number(right) });
  return changed ? fill(gettext("%(all)s, of whom %(count)s changed their answer"), { all, count: number(changed) }) : all;
}

function saidWords({ message, reason, thought, nothing }) {
  const values = { partners: number(message + reason), thought: number(thought), nothing: number(nothing) };
  return fill(gettext("Convinced by a partner: %(partners)s. Thought again: %(thought)s. By nothing: %(nothing)s."), values);
}

function noneWords(total, withheld, { message, reason }) {
  if (!total) return gettext("No student has said yet what convinced them.");
  if (withheld) {
    const text = ngettext(
      "%(count)s argument convinced students, but its author does not let others see it. Ask the class: students can share their reasons, without their names, on their page.",
      "%(count)s arguments convinced students, but none of their authors lets others see them. Ask the class: students can share their reasons, without their names, on their page.",
      withheld,
    );
    return fill(text, { count: number(withheld) });
  }
  return message + reason ? gettext("The arguments that convinced students were removed or flagged.") : gettext("No argument of a partner convinced anybody.");
}

customElements.define("peer-arguments", PeerArguments);
