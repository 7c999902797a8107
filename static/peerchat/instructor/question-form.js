import { h, setAttribute, setText, show } from "../core/dom.js";
import { fill, gettext } from "../core/texts.js";
import { Choices } from "./question-choices.js";
import { markdownTools } from "./markdown-tools.js";
import { letterAt, numberIn, WITH_CHOICES } from "./question-content.js";

const TEXTS = ["title", "prompt", "unit", "explanation", "follow_up"];

/**
 * The fields of a question: `read()` and `write(content)`. `changed` is called when somebody types. What belongs to
 * another kind stays where it was typed. `sentences` are those about flaws, by flaw.
 */
export class QuestionForm {
  choices;
  #form;
  #fields = {};
  #sentences;

  constructor({ form, sentences, changed }) {
    this.#form = form;
    this.#sentences = sentences;
    for (const field of form.querySelectorAll("[data-field]")) this.#fields[field.dataset.field] = field;
    for (const field of form.querySelectorAll("textarea[data-markdown]")) field.before(markdownTools(() => field));
    this.choices = new Choices({
      list: form.querySelector("[data-part=choices]"),
      add: form.querySelector("[data-part=addChoice]"),
      changed,
    });
    form.addEventListener("input", ({ target }) => {
      if (target.closest("[data-at=slug]")) return;
      if (target === this.#fields.kind) this.#showKind();
      changed();
    });
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  /** Whether the question shall be ready; with problems it is a draft all the same. */
  get isWanted() {
    return this.#form.elements.draft.value === "ready";
  }

  read() {
    const fields = this.#fields;
    const kind = fields.kind.value;
    // A number that cannot be read keeps no other kind from being saved.
    const isNumber = kind === "number";
    return {
      kind,
      title: fields.title.value,
      prompt: fields.prompt.value,
      choices: this.choices.read(),
      number: isNumber ? numberIn(fields.number.value) : null,
      tolerance: isNumber ? (numberIn(fields.tolerance.value) ?? 0) : 0,
      unit: fields.unit.value,
      accepted: parts(fields.accepted.value, "\n"),
      explanation: fields.explanation.value,
      follow_up: fields.follow_up.value,
      tags: parts(fields.tags.value, ","),
      twin_of: fields.twin_of.value || null,
      draft: !this.isWanted,
    };
  }

  write(content) {
    const fields = this.#fields;
    put(fields.kind, content.kind);
    for (const name of TEXTS) if (name !== "unit" || content.kind === "number") put(fields[name], content[name]);
    if (WITH_CHOICES.has(content.kind) || !this.choices.read().length) this.choices.write(content.choices);
    if (content.kind === "number") {
      if (numberIn(fields.number.value) !== content.number) fields.number.value = content.number ?? "";
      if ((numberIn(fields.tolerance.value) ?? 0) !== content.tolerance) fields.tolerance.value = content.tolerance || "";
    }
    if (content.kind === "text") putParts(fields.accepted, content.accepted, "\n");
    putParts(fields.tags, content.tags, ",");
    putChoice(fields.twin_of, content.twin_of ?? "");
    this.#form.elements.draft.value = content.draft ? "draft" : "ready";
    this.#showKind();
  }

  /** Put what is wrong at the fields; `isWrong` tells that it is more than what is still to do. */
  tell(problems, isWrong) {
    const choices = {};
    const told = new Map();
    for (const problem of problems) {
      const sentence = this.sentence(problem);
      const inChoices = (problem.field === "choices" || problem.field === "feedback") && problem.index !== null;
      if (inChoices) (choices[problem.index] ??= []).push(sentence);
      else told.set(problem.field, [...(told.get(problem.field) ?? []), sentence]);
    }
    this.choices.tell(choices, isWrong);
    for (const place of this.#form.querySelectorAll("[data-at]")) {
      const names = place.dataset.at.split(" ");
      const sentences = names.flatMap((name) => told.get(name) ?? []);
      const box = place.querySelector(":scope > [data-part=problems]");
      if (!box) continue;
      box.id ||= `problems-${names[0]}`;
      const drawn = JSON.stringify([sentences, isWrong]);
      if (box.dataset.drawn !== drawn) {
        box.dataset.drawn = drawn;
        box.replaceChildren(...sentences.map((text) => h("p", { class: isWrong ? "wrong" : "todo" }, text)));
      }
      for (const name of names) {
        const field = this.#fields[name];
        if (!field) continue;
        setAttribute(field, "aria-invalid", isWrong && told.has(name) ? "true" : null);
        describe(field, box.id, told.has(name));
      }
    }
  }

  /** What is wrong, in a sentence. */
  sentence({ field, flaw, index, limit, message }) {
    const text = this.#sentences[flaw] ?? this.#sentences[`${flaw}.${field}`];
    return text ? fill(text, { limit, letter: letterAt(index ?? 0), number: (index ?? 0) + 1 }) : message;
  }

  #showKind() {
    const kind = this.#fields.kind.value;
    this.choices.kind = kind;
    const { number, tolerance, accepted } = this.#fields;
    const isHidden =
      (!WITH_CHOICES.has(kind) && this.choices.read().length > 0) ||
      (kind !== "number" && (number.value || tolerance.value) !== "") ||
      (kind !== "text" && accepted.value.trim() !== "");
    const words = isHidden ? gettext("What you wrote for another kind stays here until you leave this page.") : "";
    setText(this.#form.querySelector("[data-part=otherKind]"), words);
    for (const part of this.#form.querySelectorAll("[data-for]")) show(part, part.dataset.for.split(" ").includes(kind));
  }
}

/** What else describes a field stays. */
function describe(field, id, isTold) {
  const ids = new Set((field.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean));
  if (isTold) ids.add(id);
  else ids.delete(id);
  setAttribute(field, "aria-describedby", [...ids].join(" ") || null);
}

function put(field, text) {
  if (field.value === text) return;
  const { selectionStart: start, selectionEnd: end } = field;
  field.value = text;
  // Somebody else's words arrive while this field is in use.
  if (field.tagName === "TEXTAREA" && field === document.activeElement) field.setSelectionRange(start, end);
}

/** Choose what somebody else may have made after this page was. */
function putChoice(select, value) {
  if (![...select.options].some((one) => one.value === value)) select.append(h("option", { value }, value));
  if (select.value !== value) select.value = value;
}

function parts(text, separator) {
  return text.split(separator).map((one) => one.trim()).filter(Boolean);
}

function putParts(field, wanted, separator) {
  if (JSON.stringify(parts(field.value, separator)) !== JSON.stringify(wanted)) field.value = wanted.join(separator === "," ? ", " : separator);
}
