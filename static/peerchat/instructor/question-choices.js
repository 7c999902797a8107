import { announce, h, setAttribute, setText, show } from "../core/dom.js";
import { fill, gettext } from "../core/texts.js";
import { markdownTools } from "./markdown-tools.js";
import { letterAt, MOST_CHOICES } from "./question-content.js";

const LEAST_SHOWN = 2;

/** The choices on the page of a question. `changed` is called for everything that somebody does with them. */
export class Choices {
  #list;
  #add;
  #changed;
  #rows = [];
  #kind = "single";
  #id = 0;
  #current = null;

  constructor({ list, add, changed }) {
    this.#list = list;
    this.#add = add;
    this.#changed = changed;
    // One for all: tools that come with the focus would move what is clicked next.
    this.tools = markdownTools(() => this.current);
    list.before(this.tools);
    list.addEventListener("focusin", ({ target }) => {
      if (target.tagName === "TEXTAREA") this.#current = target;
    });
    add.addEventListener("click", () => {
      this.#append({ text: "", correct: false, feedback: "" }).text.focus();
      this.#number();
      changed();
    });
  }

  /** The text that the tools change: the one in use, or else the first. */
  get current() {
    return this.#current?.isConnected ? this.#current : this.#rows[0].text;
  }

  set kind(kind) {
    this.#kind = kind;
    setAttribute(this.#list, "data-kind", kind);
  }

  read() {
    // Empty ones at the end are not there yet.
    const all = this.#rows.map(({ text, correct, feedback }) => ({ text: text.value, correct: correct.checked && this.#kind !== "poll", feedback: feedback.value }));
    while (all.length && isEmpty(all.at(-1))) all.pop();
    return all;
  }

  write(choices) {
    while (this.#rows.length < Math.max(choices.length, LEAST_SHOWN)) this.#append({ text: "", correct: false, feedback: "" });
    for (const row of this.#rows.splice(Math.max(choices.length, LEAST_SHOWN))) row.item.remove();
    for (const [index, row] of this.#rows.entries()) {
      const { text = "", correct = false, feedback = "" } = choices[index] ?? {};
      if (row.text.value !== text) row.text.value = text;
      if (row.feedback.value !== feedback) row.feedback.value = feedback;
      row.correct.checked = correct;
      if (feedback) row.more.open = true;
    }
    this.#number();
  }

  /** Put sentences at the choices: `told[index]` has those of one. `isWrong` tells that they are more than hints. */
  tell(told, isWrong) {
    for (const [index, { problem, text }] of this.#rows.entries()) {
      const sentences = told[index] ?? [];
      setText(problem, sentences.join(" "));
      show(problem, sentences.length > 0);
      setAttribute(problem, "class", isWrong ? "wrong" : "todo");
      setAttribute(text, "aria-invalid", sentences.length > 0 && isWrong ? "true" : null);
    }
  }

  #append({ text, correct, feedback }) {
    this.#id += 1;
    const id = `choice-${this.#id}`;
    const row = {
      letter: h("span", { class: "letter", "aria-hidden": "true" }),
      text: h("textarea", { id, rows: "1", dir: "auto", "aria-describedby": `${id}-problem`, data: { markdown: "", part: "text" } }),
      correct: h("input", { type: "checkbox" }),
      feedback: h("textarea", { id: `${id}-feedback`, rows: "1", dir: "auto", data: { markdown: "" } }),
      problem: h("p", { id: `${id}-problem`, class: "todo", hidden: true }),
    };
    row.text.value = text;
    row.feedback.value = feedback;
    row.correct.checked = correct;
    row.label = h("label", { class: "hidden-label", for: id });
    row.up = tool("↑", () => this.#move(row, -1));
    row.down = tool("↓", () => this.#move(row, 1));
    row.gone = tool("✕", () => this.#remove(row));
    row.more = h(
      "details",
      { class: "choice-more" },
      h("summary", {}, gettext("Feedback")),
      h("label", { class: "hidden-label", for: `${id}-feedback` }),
      row.feedback,
    );
    row.item = h(
      "li",
      { class: "choice-row" },
      row.letter,
      h("div", { class: "choice-texts" }, row.label, row.text, row.problem, row.more),
      h(
        "div",
        { class: "choice-tools" },
        h("label", { class: "choice-right" }, row.correct, h("span", {}, gettext("right"))),
        row.up,
        row.down,
        row.gone,
      ),
    );
    row.correct.addEventListener("change", () => this.#mark(row));
    row.item.addEventListener("keydown", (event) => {
      if (!event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
      event.preventDefault();
      this.#move(row, event.key === "ArrowUp" ? -1 : 1, event.target);
    });
    this.#rows.push(row);
    this.#list.append(row.item);
    return row;
  }

  /** Only one of several may be right where students choose one. */
  #mark(marked) {
    if (this.#kind === "single" && marked.correct.checked) {
      for (const { correct } of this.#rows) correct.checked = correct === marked.correct;
    }
    this.#changed();
  }

  #move(row, by, focused = by < 0 ? row.up : row.down) {
    const from = this.#rows.indexOf(row);
    const to = from + by;
    if (to < 0 || to >= this.#rows.length) return;
    this.#rows.splice(from, 1);
    this.#rows.splice(to, 0, row);
    if (by < 0) this.#rows[to + 1].item.before(row.item);
    else this.#rows[to - 1].item.after(row.item);
    this.#number();
    // At the end, the button is disabled and would lose the focus.
    (focused.disabled ? row.text : focused).focus();
    announce(fill(gettext("This is choice %(letter)s now."), { letter: letterAt(to) }));
    this.#changed();
  }

  #remove(row) {
    const index = this.#rows.indexOf(row);
    this.#rows.splice(index, 1);
    row.item.remove();
    while (this.#rows.length < LEAST_SHOWN) this.#append({ text: "", correct: false, feedback: "" });
    this.#number();
    (this.#rows[index] ?? this.#rows.at(-1)).text.focus();
    announce(fill(gettext("Choice %(letter)s is removed."), { letter: letterAt(index) }));
    this.#changed();
  }

  #number() {
    const last = this.#rows.length - 1;
    for (const [index, row] of this.#rows.entries()) {
      const letter = letterAt(index);
      setText(row.letter, letter);
      setText(row.label, fill(gettext("Choice %(letter)s"), { letter }));
      setText(row.more.querySelector("label"), fill(gettext("Feedback on choice %(letter)s"), { letter }));
      row.text.dataset.testid = `text-${letter}`;
      row.correct.dataset.testid = `correct-${letter}`;
      row.feedback.dataset.testid = `feedback-${letter}`;
      setAttribute(row.correct, "aria-label", fill(gettext("Choice %(letter)s is right"), { letter }));
      setAttribute(row.up, "aria-label", fill(gettext("Move choice %(letter)s up"), { letter }));
      setAttribute(row.down, "aria-label", fill(gettext("Move choice %(letter)s down"), { letter }));
      setAttribute(row.gone, "aria-label", fill(gettext("Remove choice %(letter)s"), { letter }));
      row.up.disabled = index === 0;
      row.down.disabled = index === last;
    }
    this.#add.disabled = this.#rows.length >= MOST_CHOICES;
  }
}

function isEmpty({ text, correct, feedback }) {
  return text.trim() === "" && !correct && feedback.trim() === "";
}

function tool(sign, click) {
  return h("button", { type: "button", class: "button quiet small", on: { click } }, h("span", { "aria-hidden": "true" }, sign));
}
