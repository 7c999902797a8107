import { faceToFace, initialState, reduce } from "/static/peerchat/core/store.js";
import { hint } from "/static/peerchat/student/hint.js";
import { equal } from "./check.js";

const QUESTION = { question: "lift", prompt: "?", kind: "single", choices: [] };
const OFFERED = { choice: "C", rationale: "No force, no acceleration." };

function start() {
  const me = { username: "ann", display_name: "Ann" };
  return initialState({ me, course: { slug: "physics", title: "Physics", room: "c" }, lastRead: 0 });
}

function run(...events) {
  return events.reduce(reduce, start());
}

function told(action, epoch, changes = {}) {
  const fields = { course: "physics", message: "enableDiscussion", phase: "discuss", epoch, question: QUESTION, round: 1, deadline: null };
  return { ...fields, action, votes: [null, null], room: "p", partners: [], revision: epoch, ...changes };
}

function company({ session }) {
  return [session.group, session.groupPlace, session.offered];
}

export function whoIsInTheHallTalksFaceToFaceAndAllOthersChat() {
  const isFace = (message, group_place) => faceToFace(run(told("local.snapshot", 3, { message, group_place })).session);
  equal([undefined, "hall", "elsewhere", "both"].map((place) => isFace("enableDiscussion", place)), [false, true, false, false]);
  equal([undefined, "hall", "elsewhere", "both"].map((place) => isFace("enableFaceChat", place)), [true, true, false, false]);
  equal(isFace("enableChat", "hall"), false);
  equal(isFace("whatever comes later", "hall"), false);
}

export function theGroupComesWithThePartnersAndGoesWithTheQuestion() {
  const partners = told("partners", 3, { group: 7, group_place: "hall", offered: OFFERED });
  const state = run(told("local.snapshot", 3), partners);
  equal(company(state), [7, "hall", OFFERED]);
  equal(company(run(told("local.snapshot", 3, { group: 7, group_place: "hall", offered: OFFERED }))), company(state));
  // A reason whose author withdrew the consent is not there any more.
  equal(company(reduce(state, told("partners", 3, { revision: 4, group: 7 }))), [7, null, null]);
  equal(company(reduce(state, told("control", 4, { phase: "idle", question: null, round: null, message: "enableNext" }))), [null, null, null]);
  // Older servers tell nothing of it.
  equal(company(run(told("partners", 3))), [null, null, null]);
}

export function allDevicesOfAStudentFollow() {
  equal(start().self, { place: "", seat: "", sharesReasons: false });
  const placed = { action: "placed", course: "physics", place: "hall", seat: "row 5" };
  const state = run(placed, { action: "sharing", course: "physics", shared: true });
  equal(state.self, { place: "hall", seat: "row 5", sharesReasons: true });
  equal(run(told("local.snapshot", 3, { place: "hall", seat: "row 5", shares_reasons: true })).self, state.self);
  equal(reduce(state, { ...placed, course: "chemistry", place: "elsewhere" }).self, state.self);
  equal(reduce(state, told("local.snapshot", 4)).self, start().self);
}

export function theHintNamesAllWhoAnsweredDifferently() {
  const partner = (name, choice, mark) => ({ username: name, display_name: name, choice, ...(mark && { mark }) });
  const said = (...partners) => hint({ question: QUESTION, votes: [{ choice: "B" }], partners }, false).replace(/[\u2066-\u2069]/gu, "");
  const [ada, twin, bea] = [partner("Ada", "A", "1a2b"), partner("Ada", "C", "3c4d"), partner("Bea", "B")];
  const rest = "Give your reasons and try to convince each other.";
  equal(said(ada, twin), `You chose B, Ada (1a2b) chose A and Ada (3c4d) chose C. ${rest}`);
  equal(said(bea, twin), `You chose B, Ada (3c4d) chose C. ${rest}`);
}
