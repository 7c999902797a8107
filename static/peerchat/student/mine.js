import "../core/rich.js";

/** Let the buttons for bookmarks work without loading the page again; without the script, their form does. */
async function mark(form, button) {
  const wanted = button.value;
  const body = new FormData(form);
  body.set("marked", wanted);
  button.disabled = true;
  try {
    const answer = await fetch(form.action, { method: "POST", body, redirect: "manual", credentials: "same-origin" });
    // Where it worked, the page of the question would follow.
    if (answer.type !== "opaqueredirect") throw new Error(String(answer.status));
    button.value = wanted === "1" ? "0" : "1";
    button.setAttribute("aria-pressed", String(wanted === "1"));
  } catch {
    // The form tells what is wrong, such as a session that has ended.
    form.removeEventListener("submit", listen);
    button.disabled = false;
    form.requestSubmit(button);
    return;
  }
  button.disabled = false;
  button.focus();
}

function listen(event) {
  event.preventDefault();
  mark(event.currentTarget, event.submitter);
}

for (const form of document.querySelectorAll('form[data-part="bookmark"]')) form.addEventListener("submit", listen);
