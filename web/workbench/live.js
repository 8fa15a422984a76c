// Follows changes: an event says that something is otherwise, the page is asked for again, and what differs is put in place.
// The page comes from the server as it always does, so there is one place where it is made.
import { resend } from "./send.js";

let events;
let seen = document.body.dataset.stamp;

export function follow(dress) {
  if (seen === undefined) return;
  const mark = document.getElementById("live");
  const open = () => {
    // A browser has few connections for one server, and those who cannot see a page need none.
    if (document.hidden || events) return;
    events = new EventSource("/_/events");
    events.onopen = () => show(mark, true);
    events.onerror = () => show(mark, false);
    events.onmessage = ({ data }) => {
      if (data === seen) return;
      seen = data;
      refresh(dress);
    };
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? closeEvents() : open()));
  addEventListener("pageshow", open);
  open();
}

export function closeEvents() {
  events?.close();
  events = undefined;
}

function show(mark, isLive) {
  mark.hidden = false;
  mark.classList.toggle("lost", !isLive);
  mark.textContent = isLive ? "live" : "connection lost";
}

async function refresh(dress) {
  if (resend()) return;
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  replace(await answer.text(), dress);
}

/** Puts those parts of a page in place that differ from what is shown, and says what is news. */
export function replace(text, dress) {
  // Nothing in a document that is made like this runs.
  const page = new DOMParser().parseFromString(text, "text/html");
  const parts = [...page.querySelectorAll("[data-live]")];
  if (parts.length === 0) {
    // Signed out, or the form is gone: the page as a whole is another one.
    location.reload();
    return;
  }
  for (const part of parts) {
    const shown = document.getElementById(part.id);
    if (!shown || shown.outerHTML === part.outerHTML) continue;
    const kept = remember(shown);
    shown.replaceWith(document.adoptNode(part));
    kept();
    if (part.dataset.news) announce(part.dataset.news);
  }
  dress();
}

function announce(news) {
  const place = document.getElementById("news");
  // The same again would not be read out.
  place.textContent = place.textContent === news ? `${news}\u00a0` : news;
}

/** Notes where the focus is, how far things are scrolled and what is open; what it returns brings that back. */
function remember(part) {
  const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
  const scrolled = [part, ...part.querySelectorAll("[id]")]
    .filter((element) => element.scrollTop > 0 || element.scrollLeft > 0)
    .map(({ id, scrollTop, scrollLeft }) => ({ id, scrollTop, scrollLeft }));
  const open = [...part.querySelectorAll("details")].map((details) => details.open);
  return () => {
    for (const { id, scrollTop, scrollLeft } of scrolled) {
      const element = document.getElementById(id);
      if (element) Object.assign(element, { scrollTop, scrollLeft });
    }
    const all = document.getElementById(part.id).querySelectorAll("details");
    if (all.length === open.length) all.forEach((details, index) => (details.open = open[index]));
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  };
}
