/** What the screen shows in a frame of the page on which a question is written: that page sends it. */
export class PreviewFeed extends EventTarget {
  status = { state: "open", reason: null };
  #title;

  constructor(title) {
    super();
    this.#title = title;
  }

  now() {
    return Date.now() / 1000;
  }

  start() {
    addEventListener("message", ({ source, origin, data }) => {
      if (origin !== location.origin || source !== parent || !data?.preview?.question) return;
      const { question, result, phase } = data.preview;
      const detail = {
        title: this.#title,
        message: phase === "revealed" ? "reveal" : "enableVote",
        phase,
        question,
        round: phase === "revealed" ? 2 : 1,
        deadline: null,
        here: result.here,
        voted: phase === "revealed" ? result.here : 0,
        join_code: null,
        announcement: null,
        ...(phase === "revealed" && result),
      };
      this.dispatchEvent(new CustomEvent("show", { detail }));
    });
    parent.postMessage({ preview: "ready" }, location.origin);
  }

  stop() {
    // Nothing is open.
  }
}
