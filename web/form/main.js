/*! Holds @cfworker/json-schema, MIT licence, copyright its authors: https://github.com/cfworker/cfworker */
// What a rendered form gains from JavaScript: conditions show and hide, lists grow without a round trip, and the form's
// own schema judges what was entered before it is sent, in the server's words. Without it everything works as well.
import { begin as lists } from "./lists.js";
import { begin as validation } from "./validation.js";
import { apply } from "./conditions.js";

/** For how long an answer may take until the form can be sent again, in milliseconds. */
const PATIENCE = 5000;

const form = document.querySelector("form#form");
const rules = document.querySelector("script#rules");
if (form) {
  document.documentElement.classList.add("scripted");
  const changed = () => apply(form);
  lists(form, changed);
  if (rules) validation(form, JSON.parse(rules.textContent));
  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  changed();
  // A form is sent once; what comes back is another page, or this one out of the browser's cache. Where nothing comes
  // back, people may try again: the page's key keeps the same from being created twice.
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "true";
    setTimeout(() => delete form.dataset.sent, PATIENCE);
  });
  addEventListener("pageshow", () => delete form.dataset.sent);
}
