import { focusedNear, h, setAttribute, setText, show } from "../core/dom.js";
import { lengthOf, limitLength } from "../core/text.js";
import { gettext } from "../core/texts.js";

const CONFIDENCE = [gettext("1 – guessing"), "2", "3", "4", gettext("5 – certain")];
const NEEDED = "tag needed";
const TITLES = {
  both: gettext("How sure are you, and why?"),
  confidence: gettext("How sure are you?"),
  reason: gettext("Why?"),
};
const MISSING = {
  both: gettext("Before you vote, say how sure you are, and why."),
  confidence: gettext("Before you vote, say how sure you are."),
  reason: gettext("Before you vote, say why."),
};

/** Why a vote cannot be sent yet, in a sentence, by what it lacks; empty if it lacks nothing. */
export function missingSentence(lacking) {
  return lacking.length ? MISSING[lacking.length > 1 ? "both" : lacking[0]] : "";
}

/**
 * The fields for what the class asks besides the answer: how sure one is, and why. `edit(changes)` is called with the
 * `confidence` or the `rationale`; `limit()` is the length of a reason. `consent` is an element that belongs to the
 * reason, or null. `render(entry, asks)` shows what is entered,
 * and follows what the class asks for.
 */
export function askedFields(edit, limit, consent) {
  const confidence = CONFIDENCE.map((label, index) => {
    const input = h("input", {
      type: "radio",
      name: "confidence",
      value: index + 1,
      "aria-label": label,
      data: { testid: `confidence-${index + 1}` },
      on: { change: () => edit({ confidence: index + 1 }) },
    });
    return { value: index + 1, input, label: h("label", { class: "step" }, input, h("span", { "aria-hidden": "true" }, String(index + 1))) };
  });
  const rationale = h("textarea", {
    id: "rationale",
    rows: "2",
    dir: "auto",
    placeholder: gettext("One sentence is enough"),
    "aria-describedby": "rationale-count",
    data: { testid: "rationale" },
    on: { input: () => edit({ rationale: rationale.value }) },
  });
  limitLength(rationale, limit);
  const count = h("span", { id: "rationale-count", class: "count" });
  const title = h("span", {});
  const optional = h("span", { class: "muted" }, gettext("(optional)"));
  const mark = (name) => h("span", { data: { testid: `${name}-mark` }, hidden: true });
  const marks = { confidence: mark("confidence"), reason: mark("reason") };
  const parts = {
    confidence: h(
      "fieldset",
      { class: "confidence" },
      h("legend", {}, `${gettext("Confidence")} `, marks.confidence),
      h("div", { class: "steps" }, confidence.map(({ label }) => label)),
      h("p", { class: "ends", "aria-hidden": "true" }, h("span", {}, gettext("guessing")), h("span", {}, gettext("certain"))),
    ),
    reason: h("div", { class: "field" }, h("label", { for: "rationale" }, `${gettext("Your reason")} `, marks.reason), rationale, count, consent),
  };
  const element = h("details", { class: "more", data: { testid: "asked" }, ".open": true }, h("summary", {}, title, " ", optional), parts.confidence, parts.reason);

  return {
    element,
    render(entry, asks) {
      const asked = Object.keys(parts).filter((name) => asks[name] !== "off");
      show(element, asked.length > 0);
      setText(title, TITLES[asked.length > 1 ? "both" : (asked[0] ?? "both")]);
      const isAllOptional = asked.every((name) => asks[name] === "optional");
      show(optional, isAllOptional);
      for (const name of Object.keys(parts)) {
        const isNeeded = asks[name] === "required";
        show(parts[name], asked.includes(name));
        show(marks[name], !isAllOptional);
        setText(marks[name], isNeeded ? gettext("required") : gettext("(optional)"));
        // What is required from now on must be seen.
        if (isNeeded && marks[name].className !== NEEDED) element.open = true;
        marks[name].className = isNeeded ? NEEDED : "muted";
        setAttribute(name === "reason" ? rationale : parts.confidence, "aria-required", isNeeded ? "true" : null);
      }
      for (const { value, input } of confidence) input.checked = value === entry.confidence;
      // While someone types the field is the truth; it is only set when it comes from elsewhere.
      if (focusedNear(rationale) !== rationale && rationale.value !== entry.rationale) rationale.value = entry.rationale;
      setText(count, `${lengthOf(rationale.value)} / ${limit()}`);
      show(count, rationale.value.length > 0);
    },
  };
}
