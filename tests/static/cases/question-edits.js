import { contentOf, isSame, merge, numberIn, stored } from "/static/peerchat/instructor/question-content.js";
import { QuestionSaver } from "/static/peerchat/instructor/question-saver.js";
import { TabStorage } from "/static/peerchat/core/storage.js";
import { PeerError } from "/static/peerchat/core/socket.js";
import { equal } from "./check.js";

const BASE = {
  kind: "single",
  title: "Lift",
  prompt: "Which?",
  choices: [
    { text: "up", correct: true, feedback: "" },
    { text: "down", correct: false, feedback: "" },
  ],
  number: null,
  tolerance: 0,
  unit: "",
  accepted: [],
  explanation: "",
  follow_up: "",
  tags: [],
  twin_of: null,
  draft: false,
};
const QUESTION = { ...BASE, question: "lift", edit: 1, problems: [], asked_now: false };

function choices(...texts) {
  return texts.map((text, index) => ({ ...BASE.choices[index], correct: index === 0, feedback: "", text }));
}

export function changesOfTwoAtDifferentPartsAreMerged() {
  const mine = { ...BASE, prompt: "Which one?", choices: choices("upwards", "down") };
  const theirs = { ...BASE, title: "Lifts", choices: choices("up", "downwards"), draft: true };
  equal(merge(BASE, mine, theirs), {
    merged: { ...BASE, title: "Lifts", prompt: "Which one?", choices: choices("upwards", "downwards"), draft: true },
    conflicts: [],
  });
  // Both did the same.
  equal(merge(BASE, theirs, theirs).conflicts, []);
}

export function changesOfTwoAtTheSamePartAreAConflict() {
  const mine = { ...BASE, prompt: "Mine", title: "Mine" };
  const theirs = { ...BASE, prompt: "Theirs", tags: ["week 3"] };
  equal(merge(BASE, mine, theirs), { merged: { ...mine, tags: ["week 3"] }, conflicts: ["prompt"] });
  const more = { ...BASE, choices: choices("up", "down", "neither") };
  const other = { ...BASE, choices: choices("up", "left") };
  equal(merge(BASE, more, other).conflicts, ["choices"]);
  equal(merge(BASE, { ...BASE, choices: choices("a", "down") }, { ...BASE, choices: choices("b", "down") }).conflicts, ["choices"]);
  equal(merge(BASE, more, theirs).conflicts, []);
}

export function whatTheServerTrimsIsNoChange() {
  equal(isSame(BASE, { ...BASE, prompt: "\n\nWhich? \r\n", title: " Lift ", tags: [" "], number: 3 }), true);
  equal(isSame(BASE, { ...BASE, prompt: " Which?" }), false);
  equal(stored({ ...BASE, kind: "number", number: 2 }).choices, []);
  equal(stored({ ...BASE, kind: "poll" }).choices[0].correct, false);
}

export function numbersAreReadAsPeopleTypeThem() {
  equal(["9,81", " 1 000 ", "-.5", "1e-3", "\u22122", ""].map(numberIn), [9.81, 1000, -0.5, 0.001, -2, null]);
  equal(["nine", "1.2.3", "1e999"].map(numberIn), ["nine", "1.2.3", "1e999"]);
}

/** A saver over answers, which are questions or errors, and what it sent. */
function saving(...answers) {
  const page = { content: { ...BASE } };
  const sent = [];
  const items = {};
  const storage = new TabStorage(() => ({
    getItem: (key) => items[key] ?? null,
    setItem: (key, value) => (items[key] = value),
    removeItem: (key) => delete items[key],
  }));
  const api = {
    async ask(method, path, { body }) {
      sent.push(body);
      const answer = answers.shift()(body);
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  const make = (question = QUESTION) => new QuestionSaver({ api, course: "physics", question, read: () => page.content, storage });
  return { page, sent, items, make, saver: make() };
}

const accept = (body) => ({ ...QUESTION, ...body, edit: body.edit + 1 });

export async function whatIsTypedIsKeptUntilItIsSaved() {
  const { page, sent, items, make, saver } = saving(() => new PeerError("not_connected", ""), accept);
  page.content = { ...BASE, prompt: "Which one?" };
  saver.changed();
  await saver.flush();
  equal(saver.state, "offline");
  const { prompt } = make().restore();
  equal(prompt, "Which one?");
  await saver.flush();
  equal([saver.state, saver.stored.edit, items, sent.length], ["saved", 2, {}, 2]);
  equal(make(saver.stored).restore(), null);
}

export async function whatTheServerStoresDifferentlyIsSentOnce() {
  const isolate = (body) => ({ ...accept(body), prompt: `${body.prompt}\u2069`, tags: ["STRASSE"] });
  const { page, sent, items, saver } = saving(isolate, isolate);
  page.content = { ...BASE, prompt: "\u2067Which?", tags: ["STRASSE", "straße"] };
  saver.changed();
  await saver.flush();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  equal([saver.state, sent.length, items], ["saved", 1, {}]);
  page.content = { ...BASE };
  saver.changed();
  await saver.flush();
  equal([saver.state, sent.length, sent[1].edit], ["saved", 2, 2]);
}

export async function theTwinIsSentOnlyWhereItChanges() {
  const { page, sent, saver } = saving(accept, accept);
  page.content = { ...BASE, prompt: "Which one?" };
  saver.changed();
  await saver.flush();
  page.content = { ...page.content, twin_of: "coin" };
  saver.changed();
  await saver.flush();
  equal(sent.map((body) => body.twin_of), [undefined, "coin"]);
  // An older server knows no twins, and that is no change.
  const old = { ...QUESTION };
  delete old.twin_of;
  equal(isSame(contentOf(old), BASE), true);
  equal(merge(BASE, { ...BASE, twin_of: "coin" }, { ...BASE, twin_of: "push" }).conflicts, ["twin_of"]);
}

export async function aConflictIsMergedOrLeftToChoose() {
  const refuse = (changes) => () => {
    const current = { ...QUESTION, edit: 7, ...changes };
    return new PeerError("edit_conflict", "", { status: 409, answer: { current } });
  };
  const { page, sent, saver } = saving(refuse({ title: "Lifts" }), accept, refuse({ edit: 9, prompt: "Theirs" }), accept);
  saver.addEventListener("merged", ({ detail }) => {
    page.content = detail;
  });
  page.content = { ...BASE, prompt: "Mine" };
  saver.changed();
  await saver.flush();
  await saver.flush();
  equal([sent[1].title, sent[1].prompt, sent[1].edit], ["Lifts", "Mine", 7]);
  page.content = { ...page.content, prompt: "Mine again", unit: "m" };
  saver.changed();
  await saver.flush();
  equal([saver.state, saver.conflicts, saver.theirs.prompt], ["conflict", ["prompt"], "Theirs"]);
  saver.resolve(["prompt"]);
  await saver.flush();
  equal([page.content.prompt, saver.stored.prompt, saver.state], ["Theirs", "Theirs", "saved"]);
}

export async function nothingIsSentWhileSomebodyChooses() {
  const theirs = { ...QUESTION, edit: 7, prompt: "Theirs" };
  const refuse = () => new PeerError("edit_conflict", "", { status: 409, answer: { current: theirs } });
  const { page, sent, make, saver } = saving(refuse, refuse);
  page.content = { ...BASE, prompt: "Mine" };
  saver.changed();
  // Somebody types on while the first request is under way.
  const saved = saver.flush();
  page.content = { ...BASE, prompt: "Mine again" };
  saver.changed();
  await saved;
  // After a reload, it is the same.
  const reloaded = make(theirs);
  reloaded.restore();
  reloaded.changed();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  equal([saver.state, reloaded.state, sent.length], ["conflict", "conflict", 1]);
}

export async function whatCannotBeReadIsNotSent() {
  const { page, sent, saver } = saving();
  page.content = { ...BASE, kind: "number", number: "nine" };
  saver.changed();
  await saver.flush();
  equal([saver.state, saver.refusal.answer.problems[0].flaw, sent], ["refused", "bad_number", []]);
}
