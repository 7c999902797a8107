/**
 * The clients of this page, by the slug of their course: whoever shows something of a class without a connection of
 * its own finds one here, as soon as a panel has it.
 */

import { coalesce } from "./dom.js";

const clients = [];
const watchers = new Set();

/** Let others on the page have the state of a client; returns a function that ends this. */
export function offerClient(course, client) {
  const offer = { course, client };
  clients.push(offer);
  tell();
  return () => {
    clients.splice(clients.indexOf(offer), 1);
    tell();
  };
}

/**
 * Call `render(state)` with each state of a client of the course, once there is one. Returns a function that ends
 * this.
 */
export function watchClass(course, render) {
  let client = null;
  const changed = coalesce(() => {
    if (client) render(client.state);
  });
  const look = () => {
    const found = clients.find((one) => one.course === course)?.client ?? null;
    if (found === client) return;
    client?.removeEventListener("change", changed);
    client = found;
    client?.addEventListener("change", changed);
    changed();
  };
  watchers.add(look);
  look();
  return () => {
    watchers.delete(look);
    client?.removeEventListener("change", changed);
    client = null;
  };
}

function tell() {
  for (const look of watchers) look();
}
