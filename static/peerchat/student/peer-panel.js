import "./peer-app.js";
import { h } from "../core/dom.js";

/**
 * A part of peerchat in somebody else's page: what stands in its template, in a shadow tree with a style
 * sheet of its own, so that neither page restyles the other.
 */
export class PeerPanel extends HTMLElement {
  async connectedCallback() {
    if (this.shadowRoot) return;
    const root = this.attachShadow({ mode: "open" });
    const sheet = h("link", { rel: "stylesheet", href: this.dataset.stylesheet });
    const loaded = new Promise((resolve) => {
      sheet.onload = resolve;
      sheet.onerror = resolve;
    });
    root.append(sheet);
    // Nothing is shown before it can be shown well.
    await loaded;
    root.append(document.importNode(this.querySelector("template").content, true));
  }
}

customElements.define("peer-panel", PeerPanel);
