import { ClassClient } from "/static/peerchat/core/client.js";
import { initialState } from "/static/peerchat/core/store.js";
import { equal } from "./check.js";

export function theClockOfTheServerIsKnownWithoutAConnection() {
  const socket = Object.assign(new EventTarget(), { isOpen: true, clockOffset: -600 });
  const state = initialState({ me: { username: "ann" }, course: { slug: "physics", title: "", room: "c" } });
  const client = new ClassClient({ socket, api: null, state, outboxKey: "peerchat:outbox:clock" });
  const isBehind = () => Math.abs(client.now() + 600 - Date.now() / 1000) < 5;
  client.dispatch({ action: "muted", course: "physics", until: 5 });
  Object.assign(socket, { isOpen: false, clockOffset: null });
  equal(isBehind(), true);
  Object.assign(socket, { isOpen: true, clockOffset: 0 });
  equal(isBehind(), false);
}
