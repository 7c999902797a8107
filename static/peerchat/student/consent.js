import { h, setText, show } from "../core/dom.js";
import { explain } from "../core/refusals.js";
import { gettext } from "../core/texts.js";

/**
 * The consent that others see one's reason without one's name, beside the field for the reason: `{element, render}`.
 * `client` is that of the class; `render()` after each change of its state.
 */
export function consentField(client) {
  const box = h("input", { type: "checkbox", "aria-describedby": "consent-note", data: { testid: "share-reasons" } });
  const refused = h("p", { class: "consent-refused", role: "alert", data: { testid: "share-reasons-refused" }, hidden: true });
  const note = gettext("Groups that agree can then see another view. Your partners see your reason in any case when you discuss.");
  const element = h(
    "div",
    { class: "consent" },
    h("label", { class: "consent-box" }, box, h("span", {}, gettext("My reason may be shown to others without my name"))),
    h("p", { id: "consent-note", class: "note" }, note),
    refused,
  );
  let sending = false;

  function render() {
    if (!sending) box.checked = client.state.self.sharesReasons;
  }

  box.addEventListener("change", async () => {
    const { slug: course } = client.state.course;
    sending = true;
    show(refused, false);
    try {
      const { shared } = await client.request("share_reasons", { course, shared: box.checked });
      client.dispatch({ action: "sharing", course, shared });
    } catch (error) {
      setText(refused, explain(error));
      show(refused, true);
    } finally {
      sending = false;
      render();
    }
  });
  render();
  return { element, render };
}
