/**
 * A question as students see it, in a frame of the page on which it is written. That page sends what to show; votes
 * cast here go nowhere.
 */

import { ClassClient } from "../core/client.js";
import { TabStorage } from "../core/storage.js";
import { initialState } from "../core/store.js";
import "../core/peer-bars.js";
import { Ballot } from "./ballot.js";
import "./peer-question.js";

const COURSE = "preview";
const QUESTION = "preview";

/** Answers what a server would, so that one can try the form. */
class NoSocket extends EventTarget {
  isOpen = true;
  clockOffset = 0;
  status = { state: "open", reason: null };

  request(_action, fields) {
    return Promise.resolve({ ...fields, cast_at: Date.now() / 1000 });
  }
}

const element = document.querySelector("peer-question");
const client = new ClassClient({
  socket: new NoSocket(),
  api: null,
  state: initialState({ me: { username: "", display_name: "" }, course: { slug: COURSE, title: "", room: null, role: "student" } }),
  snapshots: false,
  outboxKey: "peerchat:preview",
});
const ballot = new Ballot(client, { storage: new TabStorage(() => null), key: "peerchat:preview" });
const render = () => element.render(client.state.session);
let epoch = 0;

/** Put the class to a step, as an event of the server would. */
function step(fields) {
  epoch += 1;
  client.dispatch({ action: "control", course: COURSE, epoch, revision: epoch, deadline: null, server_time: Date.now() / 1000, ...fields });
}

element.connect({ client, ballot });
client.addEventListener("change", render);
ballot.addEventListener("change", render);
addEventListener("message", ({ source, origin, data }) => {
  if (origin !== location.origin || source !== parent || !data?.preview?.question) return;
  const { question, result, phase } = data.preview;
  step({ message: "enableNext", phase: "idle", question: null, round: null });
  step({ message: "enableVote", phase: "vote", question: { ...question, question: QUESTION }, round: 1 });
  if (phase === "revealed") step({ message: "reveal", phase: "revealed", question: { ...question, question: QUESTION }, round: 2, ...result });
});
// A link in a question leads nowhere from here.
document.addEventListener("click", (event) => event.target.closest("a[href]") && event.preventDefault());
parent.postMessage({ preview: "ready" }, location.origin);
