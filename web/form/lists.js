// Rows of arrays, added and taken away without asking the server.

/** The next index of a list, and the placeholder that its template has for it. */
function next(list) {
  const rows = [...list.querySelectorAll(":scope > .rows > .row")];
  const indexes = rows.map((row) => Number(indexOf(list, row)));
  return { count: rows.length, index: Math.max(-1, ...indexes) + 1 };
}

/** The index of a row, which the name of its button ends in. */
const indexOf = (list, row) => {
  const name = row.querySelector(":scope > button[name='formwork:remove']").value;
  return name.slice(list.dataset.field.length + 1);
};

/** Puts an index in the place of a placeholder, everywhere in a fragment and in the templates within it. */
function fill(fragment, placeholder, index) {
  for (const element of fragment.querySelectorAll("*")) {
    for (const { name, value } of [...element.attributes]) {
      if (value.includes(placeholder)) element.setAttribute(name, value.replaceAll(placeholder, index));
    }
    if (element instanceof HTMLTemplateElement) fill(element.content, placeholder, index);
  }
  const walker = document.createTreeWalker(fragment, NodeFilter.SHOW_TEXT);
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {
    // What people read counts from one.
    text.data = text.data.replaceAll(placeholder, String(Number(index) + 1));
  }
}

function add(list) {
  const { count, index } = next(list);
  const maximum = Number(list.dataset.maximum ?? Infinity);
  if (count >= maximum) return;
  const fragment = list.querySelector(":scope > template").content.cloneNode(true);
  const depth = list.dataset.field.split(".").filter((part) => /^\d+$/.test(part)).length;
  fill(fragment, `__${depth}__`, String(index));
  const row = fragment.querySelector(".row");
  list.querySelector(":scope > .rows").append(fragment);
  row.querySelector("input:not([type=hidden]), select, textarea")?.focus();
  limit(list);
}

function remove(list, row) {
  const other = row.nextElementSibling ?? row.previousElementSibling;
  row.remove();
  const focus = other?.querySelector("input:not([type=hidden]), select, textarea");
  (focus ?? list.querySelector(":scope > p > button")).focus();
  limit(list);
}

/** No more rows than there may be. */
function limit(list) {
  const { count } = next(list);
  list.querySelector(":scope > p > button").disabled = count >= Number(list.dataset.maximum ?? Infinity);
}

export function begin(form, changed) {
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button[name='formwork:add'], button[name='formwork:remove']");
    if (!button) return;
    event.preventDefault();
    if (button.name === "formwork:add") add(button.closest("fieldset.list"));
    else remove(button.closest("fieldset.list"), button.closest(".row"));
    changed();
  });
  form.querySelectorAll("fieldset.list").forEach(limit);
}
