// Sends forms without leaving the page, and puts the answer in place.
import { onEdit, showDiagnostics } from "./editor.js";
import { replace } from "./live.js";

/** So long after the last key a text is tried. */
const QUIET = 150;

let sent;

export function enhance(form, dress) {
  let underWay;
  const send = async () => {
    underWay?.abort();
    underWay = new AbortController();
    sent = send;
    const { signal } = underWay;
    form.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), signal });
      replace(await answer.text(), dress);
      showDiagnostics();
      form.removeAttribute("aria-busy");
    } catch (error) {
      // A later one is under way.
      if (error.name !== "AbortError") form.submit();
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  if ("auto" in form.dataset) {
    let waiting;
    onEdit(() => {
      clearTimeout(waiting);
      waiting = setTimeout(send, QUIET);
    });
    sent = send;
    showDiagnostics();
  }
}

/** Sends again what this page is the answer to, if it is one. */
export function resend() {
  sent?.();
  return sent !== undefined;
}
