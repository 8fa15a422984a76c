// The form's own schema, judged in the browser, said in the words that the server would use. What a browser cannot
// know has no words here, and is the server's to say.
import { format, validate } from "@cfworker/json-schema";
import { UNREADABLE, at, compact, namedAs, prepared, valuesOf } from "./values.js";

/** As the server has it (engine/src/schema/email.rs): nothing that the server accepts is refused here. */
const EMAIL =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/;
for (const name of Object.keys(format)) delete format[name];
format.email = (text) => EMAIL.test(text);
format.date = format["date-time"] = (text) => text !== UNREADABLE;

const unescape = (token) => decodeURI(token).replaceAll("~1", "/").replaceAll("~0", "~");
/** `#/properties/languages/0` → `properties.languages.0`. */
const dotted = (pointer) => pointer.split("/").slice(1).map(unescape).join(".");

/** What is wrong, in no order: the dotted path and the message of each. */
export function problemsOf(form, { schema, messages, required }) {
  const indexes = new Map();
  const value = prepared(schema, compact(valuesOf(form), indexes));
  const found = [];
  const report = (judged, message) => {
    const path = namedAs(judged, indexes);
    if (!found.some((known) => known.path === path && known.message === message)) found.push({ path, message });
  };
  for (const { keyword, keywordLocation, instanceLocation } of validate(value, schema, "2020-12", undefined, false).errors) {
    const location = decodeURI(keywordLocation.slice(1));
    const path = dotted(instanceLocation);
    if (keyword === "required") {
      for (const [property, message] of Object.entries(required[location] ?? {})) {
        if (!(property in (at(value, path) ?? {}))) report(path === "" ? property : `${path}.${property}`, message);
      }
    } else if (messages[location] !== undefined) {
      report(path, messages[location]);
    }
  }
  for (const control of form.querySelectorAll("[data-repeats]:enabled")) {
    const original = document.getElementsByName(control.dataset.repeats)[0];
    const [text, again] = [original, control].map((one) => one.value.normalize("NFKC").trim());
    if (text !== "" && text !== again && !control.closest("[hidden]")) {
      found.push({ path: control.name, message: control.dataset.repeatsMessage });
    }
  }
  return found;
}

/** The field that a path is about: its own, or the one that holds it as one of several values. */
function fieldOf(form, path) {
  const all = [...form.querySelectorAll("[data-field]")].filter((field) => !field.closest("[hidden]"));
  const own = all.find((field) => field.dataset.field === path);
  return own ?? all.find((field) => field.dataset.kind === "checkboxes" && path.startsWith(`${field.dataset.field}.`));
}

const controlsOf = (field) => [...field.querySelectorAll("input, select, textarea")].filter(
  (control) => control.closest("[data-field]") === field,
);
const noteOf = (field) => [...field.querySelectorAll(".error")].find((note) => note.closest("[data-field]") === field);
const labelOf = (field) => {
  const label = field.querySelector(":scope > legend, :scope > label, :scope > .choice > label");
  const copy = label.cloneNode(true);
  copy.querySelector(".mark")?.remove();
  return copy.textContent.trim();
};
/** What a field is called among all of a form: after the rows that it is in, as the server says it. */
function titleOf(field) {
  const title = [labelOf(field)];
  for (let around = field; (around = around.parentElement.closest("[data-field]")); ) {
    if (/\.\d+$/.test(around.dataset.field)) title.unshift(labelOf(around));
  }
  return title.join(": ");
}

/** Says beside a field what is wrong with it, or that nothing is. */
function mark(field, messages) {
  const note = noteOf(field);
  if (!note) return;
  note.hidden = messages.length === 0;
  note.querySelector(".text").textContent = messages.join("; ");
  field.classList.toggle("invalid", messages.length > 0);
  for (const control of controlsOf(field)) {
    if (control.type === "radio") continue;
    if (messages.length > 0) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  }
}

function byField(form, problems) {
  const messages = new Map();
  for (const { path, message } of problems) {
    const field = fieldOf(form, path);
    if (field) messages.set(field, [...(messages.get(field) ?? []), message]);
  }
  return messages;
}

/** Lists everything that is wrong above the form, with a way to each. */
function summarize(form, problems) {
  const summary = document.querySelector("#summary");
  const items = problems.map(({ path, message }) => {
    const item = document.createElement("li");
    const field = fieldOf(form, path);
    const target = field && (controlsOf(field)[0] ?? field);
    const text = field ? `${titleOf(field)} ${message}` : message;
    if (target) {
      const link = document.createElement("a");
      link.href = `#${target.id}`;
      link.textContent = text;
      link.addEventListener("click", (event) => {
        event.preventDefault();
        target.focus();
      });
      item.append(link);
    } else {
      item.textContent = text;
    }
    return item;
  });
  summary.querySelector("ul").replaceChildren(...items);
  summary.hidden = false;
  summary.focus();
}

export function begin(form, rules) {
  // What the browser would say in its own words is said in the form's.
  form.noValidate = true;
  const judge = () => byField(form, problemsOf(form, rules));
  form.addEventListener("submit", (event) => {
    if (event.submitter?.name.startsWith("formwork:")) return;
    const fields = [...form.querySelectorAll("[data-field]")];
    const place = ({ path }) => fields.indexOf(fieldOf(form, path));
    const problems = problemsOf(form, rules).filter((problem) => place(problem) >= 0);
    // In the order of the page, which is that of the form.
    problems.sort((one, other) => place(one) - place(other));
    const messages = byField(form, problems);
    for (const field of fields) mark(field, messages.get(field) ?? []);
    if (problems.length === 0) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    summarize(form, problems);
  });
  // What is mended is no longer shown as wrong; nothing new is said before the form is sent.
  form.addEventListener("change", (event) => {
    const field = event.target.closest("[data-field]");
    if (field?.classList.contains("invalid")) mark(field, judge().get(field) ?? []);
  });
}
