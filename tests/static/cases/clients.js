import "/static/peerchat/core/peer-results.js";
import "/static/peerchat/core/peer-unread.js";

import { offerClient, watchClass } from "/static/peerchat/core/clients.js";
import { initialState, reduce } from "/static/peerchat/core/store.js";
import { equal } from "./check.js";

const ME = { username: "ann", display_name: "Ann" };
const BO = { username: "bo", display_name: "Bo" };
const LIFT = {
  question: "lift",
  prompt: "Why?",
  kind: "single",
  choices: [
    { choice: "A", text: "Because" },
    { choice: "B", text: "Despite" },
  ],
};

/** A client without a connection. */
class Client extends EventTarget {
  state = initialState({ me: ME, course: { slug: "physics", title: "Physics", room: "c" }, lastRead: 1 });

  hear(...events) {
    for (const event of events) this.state = reduce(this.state, event);
    this.dispatchEvent(new Event("change"));
  }
}

async function until(look, expected) {
  for (let turn = 0; turn < 500 && JSON.stringify(look()) !== JSON.stringify(expected); turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  equal(look(), expected);
}

/** Whatever was to be rendered has been. */
function frames() {
  return new Promise((resolve) => {
    requestAnimationFrame(() => requestAnimationFrame(resolve));
  });
}

function text(seq, user = BO) {
  return { id: `m${seq}`, seq, room: "c", user, timestamp: seq, text: `t${seq}`, kind: "text" };
}

function control(phase, epoch, question, more = {}) {
  return { action: "control", course: "physics", message: "", phase, epoch, revision: epoch, question, round: 1, deadline: null, ...more };
}

/** The panel around results, with what the server wrote into it. */
function results(known = null) {
  const panel = document.createElement("peer-panel");
  panel.hidden = !known;
  const template = document.createElement("template");
  const inside = document.createElement("peer-results");
  Object.assign(inside.dataset, { course: "physics", question: "lift", ...(known && { results: JSON.stringify(known) }) });
  template.content.append(inside);
  panel.append(template);
  document.body.append(panel);
  return panel;
}

function counts(panel) {
  if (panel.hidden) return null;
  return [...(panel.shadowRoot?.querySelectorAll(".bar") ?? [])].map((bar) => Number(bar.dataset.count));
}

export async function whoeverWatchesHearsOfClientsThatComeAndGo() {
  const heard = [];
  const stop = watchClass("physics", (state) => heard.push(state.me.username));
  const other = offerClient("chemistry", new Client());
  equal(heard, []);
  const client = new Client();
  const withdraw = offerClient("physics", client);
  await until(() => heard.length, 1);
  client.hear();
  await until(() => heard.length, 2);
  withdraw();
  client.hear();
  await frames();
  equal(heard.length, 2);
  const again = offerClient("physics", client);
  await until(() => heard.length, 3);
  stop();
  client.hear();
  await frames();
  equal(heard.length, 3);
  again();
  other();
}

export async function aLinkCountsWhatTheServerSaidUntilAPanelKnowsBetter() {
  const link = document.createElement("peer-unread");
  Object.assign(link.dataset, { course: "physics", elsewhere: "2" });
  const [box, count] = [document.createElement("span"), document.createElement("span")];
  box.dataset.part = "unread";
  count.dataset.part = "unread-count";
  count.textContent = "7";
  box.append(count);
  link.append(box);
  document.body.append(link);
  const shown = () => (box.hidden ? null : count.textContent);

  const client = new Client();
  const withdraw = offerClient("physics", client);
  client.hear({ action: "new_message", room: "c", message: text(3) });
  await frames();
  equal(shown(), "7");
  client.hear({ action: "local.selected", room: "c", room_messages: [text(1), text(2), text(3, ME)], last_seq: 3 });
  await until(shown, "3");
  client.hear({ action: "new_message", room: "c", message: text(4) });
  await until(shown, "4");
  const direct = { room: "d", kind: "direct", title: "Bo", course: "physics", members: 2, joined: true, last_seq: 1, last_read_seq: 0 };
  client.hear({ action: "local.rooms", rooms: [direct] });
  await until(shown, "3");
  client.hear({ action: "local.read", room: "c", seq: 4 }, { action: "local.read", room: "d", seq: 1 });
  await until(shown, null);
  withdraw();
  link.remove();
}

export async function resultsAppearWithTheRevealAndGoWhenTheClassIsAskedAgain() {
  const panel = results();
  const client = new Client();
  const withdraw = offerClient("physics", client);
  client.hear(control("vote", 1, LIFT), control("vote_closed", 2, LIFT));
  const revealed = { correct: "B", histograms: [{ A: 1, B: 2 }, {}] };
  client.hear(control("revealed", 3, LIFT, revealed));
  await until(() => counts(panel), [1, 2]);
  equal(panel.shadowRoot.querySelector("[data-correct] .letter").textContent, "B");
  equal(panel.shadowRoot.querySelector("h3").textContent, "Why?");
  // The next question leaves them where they are.
  client.hear(control("vote", 4, { ...LIFT, question: "coin" }));
  client.hear(control("revealed", 5, { ...LIFT, question: "coin" }, { correct: "A", histograms: [{ A: 9 }, {}] }));
  await frames();
  equal(counts(panel), [1, 2]);
  client.hear(control("vote", 6, LIFT));
  await until(() => counts(panel), null);
  equal(panel.shadowRoot.textContent.includes("Because"), false);
  withdraw();
  panel.remove();
}

export async function resultsOfTheServerNeedNoPanel() {
  const panel = results({ prompt: "Why?", choices: LIFT.choices, histograms: [{ A: 3, B: 0 }, { A: 1, B: 2 }], correct: "B" });
  await until(() => counts(panel), [3, 1, 0, 2]);
  panel.remove();
}
