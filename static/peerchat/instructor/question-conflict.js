import { h, setAttribute } from "../core/dom.js";
import { gettext } from "../core/texts.js";
import { letterAt } from "./question-content.js";

const NAMES = {
  kind: gettext("Kind"),
  title: gettext("Title"),
  prompt: gettext("Question"),
  choices: gettext("Choices"),
  number: gettext("Right answer"),
  tolerance: gettext("Tolerance"),
  unit: gettext("Unit"),
  accepted: gettext("Accepted answers"),
  explanation: gettext("Explanation"),
  follow_up: gettext("Follow-up"),
  tags: gettext("Tags"),
  twin_of: gettext("Twin of"),
  draft: gettext("State"),
};

/** Both wordings of what two people changed, to choose from. */
export class Conflict {
  #list;

  /** `kinds`: the names of the kinds, by kind. */
  constructor(list, kinds) {
    this.#list = list;
    this.kinds = kinds;
  }

  render(fields, mine, theirs) {
    const groups = fields.map((field) =>
      h(
        "fieldset",
        { class: "difference", data: { difference: field, testid: `difference-${field}` } },
        h("legend", {}, NAMES[field]),
        this.#option(field, "mine", gettext("Mine"), mine[field], true),
        this.#option(field, "theirs", gettext("Theirs"), theirs[field], false),
      ),
    );
    this.#list.replaceChildren(...groups);
  }

  /** What of mine changes while it is chosen. */
  update(fields, mine) {
    for (const field of fields) {
      const shown = this.#list.querySelector(`[data-difference="${field}"] [data-side=mine]`);
      const text = this.#words(field, mine[field]);
      if (shown && shown.textContent !== text) shown.textContent = text;
    }
  }

  /** The fields for which the other wording is chosen. */
  get theirs() {
    const chosen = [...this.#list.querySelectorAll("input[value=theirs]:checked")];
    return chosen.map((input) => input.closest("[data-difference]").dataset.difference);
  }

  #option(field, value, name, content, checked) {
    const input = h("input", { type: "radio", name: `difference-${field}`, value, data: { testid: `${value}-${field}` } });
    setAttribute(input, "checked", checked);
    const text = h("span", { class: "difference-text", dir: "auto", data: { side: value } }, this.#words(field, content));
    return h("label", { class: "difference-side" }, h("span", { class: "difference-name" }, input, name), text);
  }

  #words(field, content) {
    if (field === "kind") return this.kinds[content] ?? content;
    if (field === "draft") return content ? gettext("Draft") : gettext("Ready");
    if (field === "choices") return content.map(choiceWords).join("\n") || gettext("(none)");
    const text = Array.isArray(content) ? content.join(", ") : String(content ?? "");
    return text || gettext("(empty)");
  }
}

function choiceWords({ text, correct, feedback }, index) {
  const mark = correct ? ` (${gettext("right")})` : "";
  return `${letterAt(index)}. ${text}${mark}${feedback ? ` – ${feedback}` : ""}`;
}
