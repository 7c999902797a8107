import { Api } from "../core/api.js";
import { Ballot } from "./ballot.js";
import { ClassClient } from "../core/client.js";
import { offerClient } from "../core/clients.js";
import { initialState } from "../core/store.js";
import { PeerTransport } from "../core/transport.js";

const classes = new Map();

/**
 * The one connection of this page to a course, for all its panels: `{client, ballot}`. `data` are the
 * attributes of the first panel. Each that joins leaves with `leaveClass`; with the last it ends.
 */
export function joinClass({ course, title, room, username, displayName, lastRead, api, sockets, csrf, role }, token = null) {
  let joined = classes.get(course);
  if (!joined) {
    const socket = new PeerTransport(`${sockets}chat/`, { token, csrf, course, room, api });
    // The room stays when the course gets another slug.
    const own = `${username}:${room}`;
    const client = new ClassClient({
      socket,
      api: new Api({ url: api, token, csrf }),
      state: initialState({
        me: { username, display_name: displayName },
        course: { slug: course, title, room, role },
        lastRead: Number(lastRead),
      }),
      outboxKey: `peerchat:outbox:${own}`,
    });
    const ballot = new Ballot(client, { key: `peerchat:ballot:${own}` });
    client.addEventListener("ready", () => ballot.send());
    client.addEventListener("renamed", () => socket.rename(client.state.course.slug, `${sockets}chat/`));
    joined = { course, client, ballot, panels: 0, withdraw: offerClient(course, client) };
    classes.set(course, joined);
    // A little later, so that the panel hears the first event, too.
    queueMicrotask(() => socket.start());
  }
  joined.panels += 1;
  return joined;
}

export function leaveClass(joined) {
  joined.panels -= 1;
  if (joined.panels) return;
  classes.delete(joined.course);
  joined.ballot.stop();
  joined.withdraw();
  joined.client.socket.stop();
}
