import { Questions } from "/static/peerchat/instructor/questions.js";
import { equal } from "./check.js";

const CHOICES = [
  { choice: "A", text: "Up" },
  { choice: "B", text: "Down" },
];

/** The list of a page with these questions, read over HTTP. */
async function listed(...results) {
  const [list, empty] = [document.createElement("ol"), document.createElement("div")];
  const questions = new Questions({ list, empty, pick: () => {} });
  await questions.refresh({ get: async () => ({ results, next: null }) }, "physics");
  return questions;
}

/** The slugs of the questions that are marked as edited. */
function edited(questions, current) {
  questions.mark({ current, asked: new Set() });
  return questions.all.filter(({ item }) => item.hasAttribute("data-edited")).map(({ slug }) => slug);
}

export async function theQuestionOfTheClassIsMarkedWhenItWasEdited() {
  const lift = { question: "lift", prompt: "Where\r\nto?", choices: CHOICES, correct: "A" };
  const questions = await listed(lift, { ...lift, question: "other", prompt: "Why?" });
  equal(edited(questions, null), []);
  equal(edited(questions, lift), []);
  equal(edited(questions, { ...lift, prompt: "Where\nto?" }), []);
  equal(edited(questions, { ...lift, prompt: "Where?" }), ["lift"]);
  equal(edited(questions, { ...lift, choices: [CHOICES[0], { choice: "B", text: "Left" }] }), ["lift"]);
  equal(edited(questions, { ...lift, choices: CHOICES.slice(0, 1) }), ["lift"]);
  equal(edited(questions, lift), []);
}

export async function aTitleStandsBeforeThePrompt() {
  const lift = { question: "lift", prompt: "Where to?", choices: CHOICES, correct: "A" };
  const { all } = await listed({ ...lift, title: "Newton 3" }, { ...lift, question: "other" });
  equal(all.map(({ name }) => name), ["Newton 3 – Where to?", "Where to?"]);
  equal(all.map(({ item }) => item.querySelector(".question-title")?.textContent), ["Newton 3", undefined]);
}
