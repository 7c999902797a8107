/**
 * A part of peerchat in somebody else's page: what stands in its template, in a shadow tree with the style
 * sheets that the template links, so that neither page restyles the other.
 */
export class PeerPanel extends HTMLElement {
  async connectedCallback() {
    if (this.shadowRoot) return;
    const root = this.attachShadow({ mode: "open" });
    const content = document.importNode(this.querySelector("template").content, true);
    const sheets = [...content.querySelectorAll("link")];
    const loaded = sheets.map(
      (sheet) =>
        new Promise((resolve) => {
          sheet.addEventListener("load", resolve);
          sheet.addEventListener("error", resolve);
        }),
    );
    root.append(...sheets);
    // Nothing is shown before it can be shown well.
    await Promise.all(loaded);
    root.append(content);
  }
}

customElements.define("peer-panel", PeerPanel);
