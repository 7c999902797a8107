import { TabStorage } from "/static/peerchat/core/storage.js";
import { equal } from "./check.js";

/** A storage of a browser with these items, and with room for `room` characters. */
function browser(items = {}, room = Infinity) {
  return {
    getItem: (key) => items[key] ?? null,
    setItem: (key, value) => {
      if (value.length > room) throw new DOMException("full", "QuotaExceededError");
      items[key] = value;
    },
    removeItem: (key) => delete items[key],
  };
}

function refusing() {
  throw new DOMException("denied", "SecurityError");
}

const refusers = [
  () => null,
  () => undefined,
  refusing,
  () => ({ getItem: refusing, setItem: refusing, removeItem: refusing }),
];

export function thingsAreKeptInTheBrowser() {
  const items = {};
  new TabStorage(() => browser(items)).setItem("a", 1);
  equal(items, { a: "1" });
  const storage = new TabStorage(() => browser(items));
  equal([storage.getItem("a"), storage.getItem("b")], ["1", null]);
  storage.removeItem("a");
  equal([items, storage.getItem("a")], [{}, null]);
}

export function withoutTheBrowsersThingsLiveAsLongAsThePage() {
  for (const find of refusers) {
    const storage = new TabStorage(find);
    equal(storage.getItem("a"), null);
    storage.setItem("a", "x");
    equal(storage.getItem("a"), "x");
    storage.removeItem("a");
    equal(storage.getItem("a"), null);
  }
}

export function whatDoesNotFitIsKeptInMemoryAndNothingOldComesBack() {
  const items = {};
  const storage = new TabStorage(() => browser(items, 3));
  storage.setItem("a", "old");
  storage.setItem("a", "newer");
  equal([storage.getItem("a"), items], ["newer", {}]);
  storage.setItem("a", "ok");
  equal([storage.getItem("a"), items], ["ok", { a: "ok" }]);
}

export function whatCannotBeRemovedIsGoneAllTheSame() {
  const storage = new TabStorage(() => ({ ...browser({ a: "x" }), removeItem: refusing }));
  storage.removeItem("a");
  equal(storage.getItem("a"), null);
}
