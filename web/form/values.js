// The controls of a form → the value that the server makes of them (engine/src/presentation/values.rs).

const OWN = "formwork:";
const ROW = /^\d+$/;

/** Whether a control has anything to say: neither one of our own nor one that is hidden. */
const isAsked = (control) =>
  control.name && !control.name.startsWith(OWN) && !control.disabled && !control.closest("[hidden]");

/** What stands for text that the browser cannot read as what is asked for, such as half a date; nothing takes it for one. */
export const UNREADABLE = "\ufffd";

/** The whole value, with what is hidden left out, by the names that the controls have: rows without anything are holes. */
export function valuesOf(form) {
  const root = {};
  const unticked = [];
  for (const control of form.elements) {
    const field = control.closest("[data-field]");
    if (!field || !isAsked(control)) continue;
    if (control.type === "radio" && !control.checked) continue;
    if (field.dataset.kind === "checkboxes") {
      if (control.checked) push(root, control.name, control.value);
    } else if (control.type === "checkbox") {
      if (control.checked) put(root, control.name, true);
      else unticked.push(control);
    } else if (control.validity.badInput) {
      // The control's value is empty, and yet people see what they entered.
      put(root, control.name, UNREADABLE);
    } else if (control.value !== "") {
      put(root, control.name, typed(field.dataset.kind, control.value));
    }
  }
  for (const control of unticked) {
    // In a group that is not there, a box says nothing.
    const group = control.closest("[data-optional]");
    if (!group || at(root, group.dataset.field) !== undefined) put(root, control.name, false);
  }
  return root;
}

function typed(kind, text) {
  if (kind === "number") {
    const number = Number(text);
    return Number.isFinite(number) ? number : text;
  }
  if (kind === "datetime") return /T\d\d:\d\d$/.test(text) ? `${text}:00Z` : `${text}Z`;
  return kind === "textarea" ? text.replaceAll("\r\n", "\n") : text;
}

/** What stands at a dotted path. */
export function at(value, path) {
  return path === "" ? value : path.split(".").reduce((inner, part) => inner?.[part], value);
}

function put(root, path, value) {
  const parts = path.split(".");
  const last = parts.pop();
  let inner = root;
  parts.forEach((part, index) => {
    const isArray = ROW.test(parts[index + 1] ?? last);
    inner = inner[part] ??= isArray ? [] : {};
  });
  inner[last] = value;
}

function push(root, path, value) {
  const values = at(root, path);
  if (values) values.push(value);
  else put(root, path, [value]);
}

/** The value without holes, as the server makes it; `indexes` gets, of each array, the index that each item had. */
export function compact(value, indexes = new Map(), path = "") {
  const inner = (part) => (path === "" ? String(part) : `${path}.${part}`);
  if (Array.isArray(value)) {
    const kept = [...value.keys()].filter((index) => value[index] !== undefined);
    indexes.set(path, kept);
    return kept.map((index, place) => compact(value[index], indexes, inner(place)));
  }
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, compact(item, indexes, inner(key))]));
}

/** The path that a path into the value without holes has among the controls. */
export function namedAs(path, indexes) {
  const parts = path.split(".");
  return parts.map((part, place) => indexes.get(parts.slice(0, place).join("."))?.[part] ?? part).join(".");
}

const STEPS = {
  trim: (text) => text.trim(),
  squish: (text) => text.trim().split(/\s+/u).join(" "),
  lowercase: (text) => text.toLowerCase(),
  uppercase: (text) => text.toUpperCase(),
  nfc: (text) => text.normalize("NFC"),
  nfkc: (text) => text.normalize("NFKC"),
  digits: (text) => text.replace(/[^0-9]/g, ""),
};

/** A value as its schema judges it: normalized, and with defaults where nothing was entered. */
export function prepared(schema, value) {
  if (typeof value === "string") {
    return (schema["x-formwork-normalize"] ?? []).reduce((text, step) => STEPS[step](text), value);
  }
  if (Array.isArray(value)) return value.map((item) => prepared(schema.items ?? {}, item));
  if (value === null || typeof value !== "object") return value;
  const whole = { ...value };
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    if (name in whole) whole[name] = prepared(inner, whole[name]);
    else if ("default" in inner) whole[name] = inner.default;
    else if (name === "properties" || name === "profiles") whole[name] = prepared(inner, {});
  }
  return whole;
}
