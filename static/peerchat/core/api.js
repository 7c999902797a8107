import { PeerError } from "./socket.js";

const TIMEOUT = 10_000;
const UNREACHABLE = "Cannot reach the server. Try again in a moment.";

/**
 * Requests to the API below the path `url`, by the session of the page (`csrf`: what Django wants to see with them)
 * or by a token.
 */
export class Api {
  #url;
  #token;
  #csrf;

  constructor({ url, token = null, csrf = null }) {
    this.#url = url;
    this.#token = token;
    this.#csrf = csrf;
  }

  /** The address of a page of this site, `path` below that of the API's parent; null without a session. */
  page(path) {
    return this.#token ? null : new URL(`../${path}`, new URL(this.#url, document.baseURI)).href;
  }

  get(path, query = {}) {
    const words = new URLSearchParams(query).toString();
    return this.ask("GET", words ? `${path}?${words}` : path);
  }

  post(path, body = {}) {
    return this.ask("POST", path, { body });
  }

  delete(path) {
    return this.ask("DELETE", path);
  }

  /**
   * The answer, null for one without a body. Raises PeerError: `timeout`, `not_connected`, `unavailable` or what the
   * server says. `keepalive`: the request outlives the page; `controller` ends it.
   */
  async ask(method, path, { body, timeout = TIMEOUT, keepalive = false, controller = new AbortController() } = {}) {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      controller.abort();
    }, timeout);
    let response;
    let answer;
    try {
      response = await fetch(`${this.#url}${path}`, {
        method,
        headers: this.#headers(method, body),
        body: body && JSON.stringify(body),
        credentials: this.#token ? "omit" : "same-origin",
        cache: "no-store",
        keepalive,
        signal: controller.signal,
      });
      answer = response.status === 204 ? null : await response.json();
    } catch (error) {
      if (late) throw new PeerError("timeout", "The server did not answer in time.");
      // An answer that is not ours: what stands between tells that the server is out.
      throw new PeerError(error instanceof SyntaxError ? "unavailable" : "not_connected", UNREACHABLE);
    } finally {
      clearTimeout(timer);
    }
    if (response.ok) return answer;
    throw new PeerError(answer?.error_code ?? "unavailable", answer?.error_message ?? UNREACHABLE, {
      retryAfter: answer?.retry_after ?? null,
      status: response.status,
      until: answer?.until ?? null,
      most: answer?.most ?? null,
      answer,
    });
  }

  #headers(method, body) {
    const headers = { Accept: "application/json" };
    if (body) headers["Content-Type"] = "application/json";
    if (this.#token) headers.Authorization = `Bearer ${this.#token}`;
    else if (method !== "GET" && this.#csrf) headers["X-CSRFToken"] = this.#csrf;
    return headers;
  }
}
