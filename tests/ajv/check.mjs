// Judges compiled documents with Ajv in strict mode, as a client would with nothing of formwork's at hand.
//
// Standard input is what the engine says of each form:
//
//     { "vocabulary": ["x-formwork-…"], "forms": [{ "name", "schema", "instances": [{ "value", "valid" }] }] }
//
// Every schema has to compile without a complaint, and every instance has to get the verdict that is written beside
// it. Exits with 1 where one does not, and where there was nothing to compare.

import { text } from "node:stream/consumers";

import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

/** What Ajv would only print is a failure too. */
function complain(message) {
  throw new Error(message);
}

const { vocabulary, forms } = JSON.parse(await text(process.stdin));
const ajv = new Ajv2020({
  strict: true,
  allErrors: true,
  logger: { log: complain, warn: complain, error: complain },
});
addFormats(ajv);
ajv.addVocabulary(vocabulary);

const failures = [];
const judged = { valid: 0, invalid: 0 };
for (const { name, schema, instances } of forms) {
  let validate;
  try {
    validate = ajv.compile(schema);
  } catch (error) {
    failures.push(`${name}: Ajv does not compile the schema: ${error.message}`);
    continue;
  }
  for (const { value, valid } of instances) {
    if (typeof valid !== "boolean") {
      failures.push(`${name}: no verdict on ${shown(value)}`);
      continue;
    }
    judged[valid ? "valid" : "invalid"] += 1;
    if (validate(value) !== valid) {
      failures.push(`${name}: ${valid ? "valid" : "invalid"} to formwork, but not to Ajv: ${shown(value)}`);
      failures.push(...(validate.errors ?? []).map(reason));
    }
  }
}

const count = judged.valid + judged.invalid;
if (forms.length === 0) failures.push("there are no forms");
if (judged.valid === 0) failures.push("there are no valid instances");
if (judged.invalid === 0) failures.push("there are no invalid instances");
for (const failure of failures) console.error(failure);
console.log(
  `ajv: ${forms.length} forms, ${count} instances: ${judged.valid} valid, ${judged.invalid} invalid; ` +
    (failures.length === 0 ? "Ajv agrees on all" : "FAILED"),
);
process.exitCode = failures.length === 0 ? 0 : 1;

/** A value as people can read it in a log. */
function shown(value) {
  const json = JSON.stringify(value) ?? "nothing";
  return json.length > 400 ? `${json.slice(0, 400)}… (${json.length} characters)` : json;
}

/** One error of Ajv's. */
function reason({ instancePath, schemaPath, message }) {
  return `    ${instancePath || "the form"} ${message} (${schemaPath})`;
}
