import { isPoll, ofLetters } from "../core/answers.js";
import { typedNumber } from "../core/answer-words.js";
import { h, setAttribute, setText, show } from "../core/dom.js";
import { readNumber } from "../core/numerals.js";
import { gettext } from "../core/texts.js";

/**
 * The card that marks the right answer of a question that was asked without, or of one that is answered in words.
 * `connect({command, reveal})` once: `command(action, fields)` sends, `reveal()` shows bars and answers on this screen.
 * Then `render({session, figures, result, answers, enabled})`: `result` has what is right, and `answers` tells whether
 * the screen may show it.
 */
export class PeerAnswer extends HTMLElement {
  #command;
  #reveal;
  #parts = {};
  #made = "";
  #mark = null;

  connectedCallback() {
    if (this.#parts.title) return;
    this.#parts = {
      title: h("h2", { class: "answer-title" }),
      note: h("p", { class: "muted", data: { testid: "answer-note" } }),
      fields: h("div", { class: "answer-fields" }),
    };
    this.append(this.#parts.title, this.#parts.note, this.#parts.fields);
  }

  connect({ command, reveal }) {
    this.#command = command;
    this.#reveal = reveal;
  }

  render({ session, figures, result, answers, enabled }) {
    const { question, phase } = session;
    const visible = Boolean(question && !isPoll(question) && figures?.may_set_correct);
    show(this, visible);
    if (!visible) return;
    const { title, note, fields } = this.#parts;
    const revealed = phase === "revealed";
    const shown = answers || revealed;
    const isKnown = result.correct !== null || Boolean(result.right?.length);
    setText(title, isKnown ? gettext("Right answer") : gettext("Mark the right answer"));
    setText(note, words({ isKnown, shown, revealed, isText: question.kind === "text" }));
    const made = JSON.stringify([question.question, question.kind, question.choices.map(({ choice }) => choice), question.unit]);
    if (made !== this.#made) {
      this.#made = made;
      this.dataset.question = question.question;
      this.#mark = this.#fieldsFor(question);
      fields.replaceChildren(this.#mark.element);
    }
    this.dataset.question = question.question;
    this.#mark.render({ correct: result.correct, isKnown, shown, enabled });
  }

  #set(choice) {
    return this.#command("set_correct", { choice, question: this.dataset.question });
  }

  #fieldsFor(question) {
    if (question.kind === "text") return this.#textField();
    if (question.kind === "number") return this.#numberField(question);
    return question.kind === "several" ? this.#boxes(question) : this.#buttons(question);
  }

  /** A button for each letter. */
  #buttons(question) {
    const button = (choice, text) => h("button", { type: "button", class: "button", data: { choice, testid: `mark-${choice || "none"}` }, on: { click: () => this.#set(choice || null) } }, text);
    const element = group(question.choices.map(({ choice }) => button(choice, choice)), button("", gettext("Not known")));
    const render = ({ correct, shown, enabled }) => {
      for (const one of element.children) {
        one.disabled = !enabled;
        setAttribute(one, "aria-pressed", shown ? String(one.dataset.choice === (correct ?? "")) : null);
      }
    };
    return { element, render };
  }

  /** A box for each letter. While answers are hidden, the boxes are empty. */
  #boxes(question) {
    const boxes = question.choices.map(({ choice }) => h("input", { type: "checkbox", value: choice, data: { testid: `mark-${choice}` } }));
    const { submit, none } = this.#ends();
    const element = h(
      "form",
      { class: "answer-buttons", on: { submit: (event) => send(event) } },
      h("div", { class: "answer-boxes", role: "group", "aria-label": gettext("Mark the right answers") }, boxes.map((box) => h("label", { class: "answer-box" }, box, box.value))),
      submit,
      none,
    );
    const send = async (event) => {
      event.preventDefault();
      const letters = ofLetters(boxes.filter((box) => box.checked).map((box) => box.value));
      if (await this.#set(letters || null)) drawn = null;
    };
    let drawn = null;
    const render = ({ correct, shown, enabled }) => {
      submit.disabled = none.disabled = !enabled;
      const now = shown ? (correct ?? "") : "";
      if (now === drawn) return;
      drawn = now;
      for (const box of boxes) box.checked = now.includes(box.value);
    };
    return { element, render };
  }

  #numberField(question) {
    const input = h("input", { id: "right-number", type: "text", inputmode: "decimal", dir: "ltr", autocomplete: "off", "aria-describedby": "right-number-wrong", data: { testid: "mark-number" }, on: { input: () => judge(false) } });
    const wrong = h("p", { id: "right-number-wrong", class: "answer-refused", role: "alert", hidden: true, data: { testid: "mark-wrong" } });
    const { submit, none } = this.#ends();
    const judge = (isWrong) => {
      show(wrong, isWrong);
      setText(wrong, isWrong ? gettext("This is not a number. Write it with digits, such as 3.5, -2 or 6e23.") : "");
      setAttribute(input, "aria-invalid", isWrong ? "true" : null);
    };
    const send = async (event) => {
      event.preventDefault();
      const number = readNumber(input.value, question.unit);
      judge(number === null);
      if (number === null) input.focus();
      else if (await this.#set(number)) drawn = null;
    };
    const element = h(
      "form",
      { class: "answer-number-form", on: { submit: send } },
      h("label", { class: "inline-field", for: "right-number" }, gettext("Right number"), input),
      question.unit ? h("span", { dir: "auto" }, question.unit) : null,
      submit,
      none,
      wrong,
    );
    let drawn = null;
    const render = ({ correct, shown, enabled }) => {
      submit.disabled = none.disabled = !enabled;
      const now = shown && correct !== null ? typedNumber(correct) : "";
      if (now === drawn) return;
      drawn = now;
      input.value = now;
    };
    return { element, render };
  }

  /** Texts are marked at their bars. */
  #textField() {
    const look = h("button", { type: "button", class: "button", data: { testid: "mark-at-bars" }, on: { click: () => this.#reveal() } }, gettext("Show bars and answers on this screen"));
    const { none } = this.#ends();
    const element = group(look, none);
    const render = ({ isKnown, shown, enabled }) => {
      show(look, !shown);
      show(none, isKnown);
      none.disabled = !enabled;
    };
    return { element, render };
  }

  #ends() {
    const submit = h("button", { type: "submit", class: "button", data: { testid: "mark-send" } }, gettext("Mark"));
    const none = h("button", { type: "button", class: "button", data: { choice: "", testid: "mark-none" }, on: { click: () => this.#set(null) } }, gettext("Not known"));
    return { submit, none };
  }
}

function group(...children) {
  return h("div", { class: "answer-buttons", role: "group", "aria-label": gettext("Mark the right answer") }, ...children);
}

function words({ isKnown, shown, revealed, isText }) {
  const how = isText && shown ? ` ${gettext("Tick what is right at the bars.")}` : "";
  if (isKnown) {
    if (!shown) return gettext("A right answer is marked. It is hidden on this screen.");
    return (revealed ? gettext("Everyone sees it. You can still change it.") : gettext("Students see it with the result.")) + how;
  }
  if (revealed) return gettext("Students see the votes only. They see the right answer as soon as you mark it.") + how;
  return gettext("You can do so before, during or after the vote, or never. Students see it with the result.") + how;
}

customElements.define("peer-answer", PeerAnswer);
