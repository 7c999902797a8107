/** Whose pseudonyms are, for those who lead a course and may know. */

const PAGE = 500;
/** Pages of the list that are read at most: those of the last classes come first. */
const PAGES = 6;

/** Tell `client` the names behind the pseudonyms in its messages as `local.owners`, once somebody new has written. */
export function tellOwners(client) {
  const known = {};
  // The pseudonyms that were asked for, whether or not their owners may be known.
  const asked = new Set();
  let asking = false;

  const ask = async () => {
    const { api, state } = client;
    for (let page = 0; page < PAGES; page += 1) {
      const { next, results } = await api.get(`courses/${state.course.slug}/pseudonyms/?limit=${PAGE}&offset=${page * PAGE}`);
      for (const { pseudonym, user } of results) {
        known[pseudonym.username] = user.display_name;
        asked.add(pseudonym.username);
      }
      if (!next) break;
    }
    client.dispatch({ action: "local.owners", owners: { ...known } });
  };

  client.addEventListener("change", () => {
    if (asking) return;
    const before = asked.size;
    for (const { messages } of Object.values(client.state.rooms)) {
      for (const { user } of messages) if (user?.pseudonym) asked.add(user.username);
    }
    if (asked.size === before) return;
    asking = true;
    ask()
      // They may not know, or the server is away: the pseudonyms stay what they are.
      .catch(() => null)
      .finally(() => {
        asking = false;
      });
  });
}
