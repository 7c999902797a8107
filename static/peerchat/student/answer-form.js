import { ANSWER_LIMIT, hasChoices, ofLetters, readText } from "../core/answers.js";
import { readAs, typedNumber } from "../core/answer-words.js";
import { focusedNear, h, setAttribute, setText, show } from "../core/dom.js";
import { readNumber } from "../core/numerals.js";
import { rich } from "../core/rich-element.js";
import { lengthOf, limitLength } from "../core/text.js";
import { gettext } from "../core/texts.js";
import { heading, isBare, letterOf, wordsOf } from "../core/wording.js";

// Characters from which on a field tells how many there are.
const MANY = 150;

/**
 * The fields in which an answer to a question is given. `edit(changes)` is called with the `choice` and what was
 * `typed`; `first` is an element that stands above the fields.
 *
 * `elements` belong into a form. `render(entry, voted)` shows what is entered, and the answer of the first vote, if
 * there is one. `isRefused()` tells, and shows at the field, that what stands there is no answer.
 */
export function answerFields(question, edit, first) {
  return hasChoices(question) ? choiceFields(question, edit, first) : writtenField(question, edit, first);
}

function choiceFields(question, edit, first) {
  const several = question.kind === "several";
  const chosen = () => ofLetters(choices.filter(({ input }) => input.checked).map(({ choice }) => choice));
  const choices = question.choices.map((one) => {
    const { choice, text } = one;
    const input = h("input", {
      type: several ? "checkbox" : "radio",
      name: "choice",
      value: choice,
      data: { testid: `choice-${choice}` },
      on: { change: () => edit({ choice: several ? chosen() || null : choice }) },
    });
    return { choice, input, card: h("label", { class: "choice" }, input, letterOf({ choice, text }, { silent: true }), wordsOf(one)) };
  });
  const isPlain = question.prompt && !question.prompt_html;
  const group = h(
    "fieldset",
    {
      class: isBare(question) ? "choices bare" : "choices",
      "aria-describedby": several ? "choices-hint" : null,
      on: { keydown: (event) => pressLetter(event, choices) },
    },
    isPlain
      ? h("legend", { class: "prompt" }, rich("span", { data: { testid: "prompt" } }, { text: question.prompt }))
      : h("legend", { class: "hidden-label" }, gettext("Choose an answer.")),
    several ? h("p", { id: "choices-hint", class: "note choices-hint", data: { testid: "choices-hint" } }, gettext("Choose all that are right.")) : null,
    first,
    choices.map(({ card }) => card),
  );
  return {
    elements: [question.prompt && !isPlain ? heading(question) : null, group],
    render(entry, voted) {
      const letters = entry.choice ?? "";
      for (const { choice, input, card } of choices) {
        if (input.checked !== letters.includes(choice)) input.checked = letters.includes(choice);
        setAttribute(card, "data-first", Boolean(voted?.includes(choice)) && gettext("first vote"));
      }
    },
    isRefused: () => false,
  };
}

/** Choose by the letter of an answer, where the keyboard is among the answers. */
function pressLetter(event, choices) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const found = choices.find(({ choice }) => choice === event.key.toUpperCase());
  if (!found) return;
  event.preventDefault();
  found.input.focus();
  found.input.click();
}

function writtenField(question, edit, first) {
  const isNumber = question.kind === "number";
  let judged = false;
  let voted = null;
  const read = () => (isNumber ? readNumber(input.value, question.unit) : readText(input.value));
  const write = () => edit({ choice: read() || null, typed: input.value });
  const input = h("input", {
    id: "answer",
    type: "text",
    class: isNumber ? "answer-number" : null,
    inputmode: isNumber ? "decimal" : null,
    dir: isNumber ? "ltr" : "auto",
    autocomplete: "off",
    autocapitalize: "off",
    enterkeyhint: "send",
    "aria-describedby": "answer-unit answer-wrong answer-read answer-count",
    data: { testid: "answer-input" },
    on: { input: write, change: () => judge() },
  });
  limitLength(input, () => ANSWER_LIMIT);
  const wrong = h("p", { id: "answer-wrong", class: "answer-wrong", role: "alert", data: { testid: "answer-wrong" }, hidden: true });
  const hint = h("p", { id: "answer-read", class: "answer-read", role: "status", data: { testid: "answer-read" }, hidden: true });
  const count = h("span", { id: "answer-count", class: "count", hidden: true });
  const again = h("button", { type: "button", class: "button small", data: { testid: "first-answer" }, hidden: true, on: { click: () => type(shownAnswer(voted)) } }, gettext("Take my first answer"));
  const keys = [
    ["±", gettext("Change the sign"), (text) => (/^\s*[-−]/.test(text) ? text.replace(/^\s*[-−]/, "") : `-${text}`)],
    ["×10ⁿ", gettext("Times ten to the power of"), (text) => (/e/i.test(text) ? text : `${text}e`)],
  ];
  const unit = isNumber && question.unit ? h("span", { id: "answer-unit", class: "answer-unit", dir: "auto", data: { testid: "answer-unit" } }, question.unit) : null;

  function shownAnswer(answer) {
    return isNumber ? typedNumber(answer) : answer;
  }

  function type(text) {
    input.value = text;
    write();
    input.focus();
  }

  function judge() {
    judged = true;
    showWrong();
  }

  function showWrong() {
    const isWrong = input.value.trim() !== "" && !read();
    if (!isWrong) judged = false;
    show(wrong, isWrong && judged);
    setText(wrong, isWrong && judged ? (isNumber ? gettext("This is not a number. Write it with digits, such as 3.5, -2 or 6e23.") : gettext("Write something that can be seen.")) : "");
    setAttribute(input, "aria-invalid", isWrong && judged ? "true" : null);
    return isWrong;
  }

  return {
    elements: [
      heading(question),
      first,
      h(
        "div",
        { class: "field answer-field" },
        h("label", { for: "answer" }, isNumber ? gettext("Your answer, a number") : gettext("Your answer, in a few words")),
        h(
          "div",
          { class: "answer-row" },
          input,
          unit,
          isNumber ? h("span", { class: "answer-keys" }, keys.map(([text, name, change]) => h("button", { type: "button", class: "button small", "aria-label": name, on: { click: () => type(change(input.value)) } }, text))) : null,
        ),
        wrong,
        hint,
        count,
        again,
      ),
    ],
    render(entry, firstVote) {
      voted = firstVote;
      const text = entry.typed ?? (entry.choice === null ? "" : shownAnswer(entry.choice));
      // While someone types the field is the truth; it is only set when it comes from elsewhere.
      if (focusedNear(input) !== input && input.value !== text) {
        input.value = text;
        judged = true;
      }
      showWrong();
      const said = isNumber ? readAs(input.value, question.unit) : "";
      show(hint, said !== "");
      setText(hint, said);
      show(again, Boolean(voted) && !input.value);
      show(count, lengthOf(input.value) >= MANY);
      setText(count, `${lengthOf(input.value)} / ${ANSWER_LIMIT}`);
    },
    isRefused() {
      judged = true;
      const isWrong = showWrong();
      if (isWrong) input.focus();
      return isWrong;
    },
  };
}
