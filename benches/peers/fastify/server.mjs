// The endpoint as a careful team would write it by hand: Fastify 5, Ajv, better-sqlite3, the `argon2` addon.
//
//     node server.mjs PORT DATABASE each|group
//
// The same two forms, answers and durability as formwork's example forms. `each` commits every create by itself;
// `group` commits what has come in while the last commit was syncing, which is what the event loop brings all at once.

import Ajv from "ajv";
import addFormats from "ajv-formats";
import argon2 from "argon2";
import Database from "better-sqlite3";
import Fastify from "fastify";

const [port, file, commits] = process.argv.slice(2);

// The parameters that OWASP recommends, and formwork uses.
const OWASP = { type: argon2.argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1, hashLength: 32 };

const email = { type: "string", format: "email", maxLength: 254 };

/** A form: whether it is right, and what its fields are told where they are not. */
function form(name, options, schema) {
  const ajv = new Ajv({ allErrors: true, useDefaults: true, strict: true, ...options });
  addFormats(ajv, ["email"]);
  return { name, validate: ajv.compile(schema) };
}

const forms = new Map(
  [
    form("newsletter", { removeAdditional: true }, {
      type: "object",
      additionalProperties: false,
      required: ["email", "properties"],
      properties: {
        email,
        first_name: { type: "string", maxLength: 255 },
        properties: {
          type: "object",
          additionalProperties: false,
          required: ["consent"],
          properties: {
            frequency: { type: "string", enum: ["daily", "weekly", "monthly"], default: "weekly" },
            issues_per_mail: { type: "integer", minimum: 1, maximum: 10, default: 3 },
            comment: { type: "string", minLength: 10, maxLength: 2000 },
            consent: { type: "boolean", const: true },
          },
        },
      },
    }),
    form("reference_rest_api_create_user", {}, {
      type: "object",
      additionalProperties: false,
      required: ["first_name", "email", "password"],
      properties: {
        email,
        first_name: { type: "string", minLength: 1, maxLength: 255 },
        password: { type: "string", minLength: 8, maxLength: 1024 },
      },
    }),
  ].map((form) => [form.name, form]),
);

const db = new Database(file);
db.pragma("journal_mode = WAL");
db.pragma("synchronous = FULL");
db.pragma("wal_autocheckpoint = 4000");
db.exec(`
  CREATE TABLE IF NOT EXISTS records (
    id INTEGER PRIMARY KEY AUTOINCREMENT, resource TEXT NOT NULL, form TEXT NOT NULL,
    attributes TEXT NOT NULL CHECK (json_valid(attributes)), created_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS passwords (
    record_id INTEGER PRIMARY KEY REFERENCES records (id) ON DELETE CASCADE, phc TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS claims (
    value TEXT PRIMARY KEY, record_id INTEGER NOT NULL REFERENCES records (id) ON DELETE CASCADE
  ) STRICT, WITHOUT ROWID;
`);
const begin = db.prepare("BEGIN IMMEDIATE");
const commit = db.prepare("COMMIT");
const rollback = db.prepare("ROLLBACK");
const taken = db.prepare("SELECT 1 FROM claims WHERE value = ?");
const insertRecord = db.prepare("INSERT INTO records (resource, form, attributes, created_at) VALUES ('User', ?, ?, ?)");
const insertPassword = db.prepare("INSERT INTO passwords (record_id, phc) VALUES (?, ?)");
const insertClaim = db.prepare("INSERT INTO claims (value, record_id) VALUES (?, ?)");

/** Stores one record within a transaction; its id, or nothing where its address is taken. */
function insert({ form, attributes, claim, phc }) {
  if (taken.get(claim)) return undefined;
  const id = insertRecord.run(form, attributes, Date.now()).lastInsertRowid;
  if (phc) insertPassword.run(id, phc);
  insertClaim.run(claim, id);
  return id;
}

/** Stores records in one durable commit; what became of each. */
function store(records) {
  begin.run();
  try {
    const ids = records.map(insert);
    commit.run();
    return ids;
  } catch (error) {
    if (db.inTransaction) rollback.run();
    throw error;
  }
}

let waiting = [];

function commitWaiting() {
  const jobs = waiting;
  waiting = [];
  try {
    const ids = store(jobs.map((job) => job.record));
    jobs.forEach((job, index) => job.resolve(ids[index]));
  } catch (error) {
    jobs.forEach((job) => job.reject(error));
  }
}

const create = {
  each: async (record) => store([record])[0],
  group: (record) =>
    new Promise((resolve, reject) => {
      if (waiting.push({ record, resolve, reject }) === 1) setImmediate(commitWaiting);
    }),
}[commits];

const MESSAGES = {
  format: "is not an e-mail address",
  enum: "is not included in the list",
  const: "is not included in the list",
  required: "can't be blank",
  minLength: "is too short",
  maxLength: "is too long",
};

/** The body of a refusal. */
function refusal(problems) {
  const errors = {};
  for (const { path, message } of problems) (errors[path] ??= []).push(message);
  return { model: { id: null }, errors, details: problems };
}

function problem({ instancePath, keyword, params }) {
  const pointer = keyword === "required" ? `${instancePath}/${params.missingProperty}` : instancePath;
  const path = pointer.slice(1).replaceAll("/", ".");
  return { path, pointer: `/form${pointer}`, code: keyword, params, message: MESSAGES[keyword] ?? "is invalid" };
}

const squish = (text) => text.trim().split(/\s+/).join(" ");

const server = Fastify({ logger: false, bodyLimit: 1 << 20, keepAliveTimeout: 30_000 });

const answers = {
  201: {
    type: "object",
    properties: { model: { type: "object", properties: { id: { type: "integer" } } }, errors: { type: "object" } },
  },
};

server.get("/healthz", async () => "ok");

server.post("/api/users", { schema: { response: answers } }, async (request, reply) => {
  const { form_configuration_name: name, form: values } = request.body ?? {};
  const form = forms.get(name);
  if (!form || typeof values !== "object" || values === null) return reply.code(406).send(refusal([]));
  if (typeof values.first_name === "string") values.first_name = squish(values.first_name);
  if (!form.validate(values)) return reply.code(422).send(refusal(form.validate.errors.map(problem)));
  const { password, ...attributes } = values;
  const claim = attributes.email.normalize("NFC").toLowerCase();
  const phc = password === undefined ? undefined : await argon2.hash(password, OWASP);
  const id = await create({ form: name, attributes: JSON.stringify(attributes), claim, phc });
  if (id === undefined) {
    const message = "has already been taken";
    const refused = [{ path: "email", pointer: "/form/email", code: "taken", params: {}, message }];
    return reply.code(422).send(refusal(refused));
  }
  reply.code(201).header("location", `/api/users/${id}`);
  return { model: { id }, errors: {} };
});

await server.listen({ host: "127.0.0.1", port: Number(port) });
