import { PeerError } from "./socket.js";

const TIMEOUT = 10_000;

/** Requests to the API, by the session of the page (`csrf`: what Django wants to see with them) or by a token. */
export class Api {
  #token;
  #csrf;

  constructor({ token = null, csrf = null }) {
    this.#token = token;
    this.#csrf = csrf;
  }

  get(path, query = {}) {
    const words = new URLSearchParams(query).toString();
    return this.#ask("GET", words ? `${path}?${words}` : path);
  }

  post(path, body = {}) {
    return this.#ask("POST", path, body);
  }

  delete(path) {
    return this.#ask("DELETE", path);
  }

  /** The answer, null for one without a body. Raises PeerError. */
  async #ask(method, path, body) {
    const headers = { Accept: "application/json" };
    if (body) headers["Content-Type"] = "application/json";
    if (this.#token) headers.Authorization = `Bearer ${this.#token}`;
    else if (method !== "GET" && this.#csrf) headers["X-CSRFToken"] = this.#csrf;
    let response;
    let answer;
    try {
      response = await fetch(`/api/${path}`, {
        method,
        headers,
        body: body && JSON.stringify(body),
        credentials: this.#token ? "omit" : "same-origin",
        cache: "no-store",
        signal: AbortSignal.timeout(TIMEOUT),
      });
      answer = response.status === 204 ? null : await response.json();
    } catch {
      throw new PeerError("not_connected", "The server cannot be reached. Try again in a moment.");
    }
    if (response.ok) return answer;
    throw new PeerError(answer?.error_code ?? "unavailable", answer?.error_message ?? "The server cannot be reached.", {
      retryAfter: answer?.retry_after ?? null,
    });
  }
}
