// `when`: a field is shown where its condition holds, and says nothing where it does not.
import { validate } from "@cfworker/json-schema";
import { at, compact, valuesOf } from "./values.js";

/** Whether a value meets a schema; what is no object meets no condition. */
const meets = (value, schema) => validate(compact(value ?? {}), schema, "2020-12").valid;

/** Shows and hides what depends on what was entered, until nothing changes any more. */
export function apply(form) {
  const conditional = [...form.querySelectorAll("[data-when]")];
  for (let round = 0; round <= conditional.length; round += 1) {
    const values = valuesOf(form);
    let changed = false;
    for (const field of conditional) {
      const clauses = JSON.parse(field.dataset.when);
      const hidden = !clauses.every((clause) => meets(at(values, clause.at), clause.schema));
      if (hidden === field.hidden) continue;
      field.hidden = hidden;
      changed = true;
      for (const control of field.querySelectorAll("input, select, textarea, button")) {
        control.disabled = Boolean(control.closest("[data-when][hidden]"));
      }
    }
    if (!changed) return;
  }
}
