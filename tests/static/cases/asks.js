import { asAsked, DEFAULT_ASKS, missing } from "/static/peerchat/core/asks.js";
import { initialState, reduce } from "/static/peerchat/core/store.js";
import { equal } from "./check.js";

const STRICT = { ...DEFAULT_ASKS, confidence: "required", reason: "required" };
const GIVEN = { choice: "A", confidence: 4, rationale: "so" };

function run(...events) {
  const state = initialState({ me: { username: "ann" }, course: { slug: "physics", title: "Physics", room: "c" } });
  return events.reduce(reduce, state).session;
}

function snapshot(revision, asks) {
  const fields = { phase: "idle", message: "enableNext", epoch: 1, question: null, round: null, deadline: null, votes: [null, null], partners: [] };
  return { action: "local.snapshot", course: "physics", revision, ...fields, ...(asks ? { asks } : {}) };
}

function told(asks, revision) {
  return { action: "asks", course: "physics", asks, ...(revision ? { revision } : {}) };
}

export function aSnapshotAndAnEventTellTheSame() {
  equal(run(snapshot(3)).asks, DEFAULT_ASKS);
  const [read, heard] = [run(snapshot(4, STRICT)), run(snapshot(3), told(STRICT, 4))];
  equal([read.asks, read.revision], [STRICT, 4]);
  equal([heard.asks, heard.revision], [STRICT, 4]);
  equal(run(snapshot(4, STRICT), snapshot(5)).asks, DEFAULT_ASKS);
  // A course that never had a class has no revision yet.
  equal(run(snapshot(0), told(STRICT)).asks, STRICT);
  equal(run(snapshot(3), { ...told(STRICT, 4), course: "chemistry" }).asks, DEFAULT_ASKS);
}

export function ofALateEventThePageAsksTheServer() {
  const late = run(snapshot(5, STRICT), told(DEFAULT_ASKS, 4));
  equal([late.asks, late.stale], [STRICT, true]);
  // And a snapshot that was read before the event is not taken.
  const overtaken = run(snapshot(3), told(STRICT, 4), snapshot(3));
  equal([overtaken.asks, overtaken.stale], [STRICT, true]);
}

export function aTransitionKeepsWhatIsAsked() {
  const control = { action: "control", course: "physics", message: "enableVote", phase: "vote", epoch: 2, revision: 5, question: { question: "lift", prompt: "?", kind: "single", choices: [] }, round: 1, deadline: null };
  equal(run(snapshot(3), told(STRICT, 4), control).asks, STRICT);
}

export function whatAVoteLacks() {
  const empty = { choice: "A", confidence: null, rationale: " \u200b" };
  equal(missing(DEFAULT_ASKS, empty), []);
  equal(missing(STRICT, empty), ["confidence", "reason"]);
  equal(missing({ ...STRICT, reason: "off" }, empty), ["confidence"]);
  equal(missing(STRICT, GIVEN), []);
}

export function whatIsNotAskedForIsNotSent() {
  equal(asAsked(DEFAULT_ASKS, GIVEN), GIVEN);
  equal(asAsked({ ...STRICT, confidence: "off" }, GIVEN), { ...GIVEN, confidence: null });
  equal(asAsked({ ...STRICT, reason: "off" }, GIVEN), { ...GIVEN, rationale: "" });
}
