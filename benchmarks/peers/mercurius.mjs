// mercurius with graphql-jit. Its resolvers ask the hand-written statements of
// ../limit_sql, prepared once on each connection: the smallest one that has all sections
// asked for. graphql-jit walks every value on its way to the client.

import { pool as settings, port } from "./setting.mjs";
import { readFileSync } from "node:fs";
import Fastify from "fastify";
import mercurius from "mercurius";
import pg from "pg";

const DAY = 86_400_000;
const pool = new pg.Pool(settings);

/** The statement of a file, `$1` for `:company` and so on, and those names. */
function statement(name) {
  const file = new URL(`../limit_sql/${name}.sql`, import.meta.url);
  const names = [];
  const text = readFileSync(file, "utf-8")
    .replace(/^--.*\n/gm, "")
    .replace(/(?<!:):([a-z]+)/g, (_, parameter) => {
      if (!names.includes(parameter)) names.push(parameter);
      return `$${names.indexOf(parameter) + 1}`;
    });
  return { name, text, names };
}

const statements = Object.fromEntries(
  ["full", "light", "portfolio", "nested"].map((name) => [name, statement(name)]),
);

let known = { until: 0 };

/** The days that statements ask for by name; they change once a day. */
function days() {
  const now = Date.now();
  if (now >= known.until) {
    const start = now - (now % DAY);
    const today = new Date(start);
    const first = (back) =>
      Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - back, 1);
    const text = (time) => new Date(time).toISOString().slice(0, 10);
    known = {
      until: start + DAY,
      today: text(start),
      month: text(first(0)),
      last: text(first(1)),
      before: text(first(2)),
      week: text(start - (((today.getUTCDay() + 6) % 7) + 7 * 11) * DAY),
    };
  }
  return known;
}

/** The answer of a statement, as objects. */
async function ask(name, company) {
  const { text, names } = statements[name];
  const values = { ...days(), company };
  const { rows } = await pool.query({
    name,
    text,
    values: names.map((parameter) => values[parameter]),
    rowMode: "array",
  });
  return rows.length ? JSON.parse(rows[0][0]).data : {};
}

const LIGHT = new Set(["id", "name", "summary", "attributes"]);
const chosen = new WeakMap();

function names(node) {
  return node.selectionSet.selections.map((field) => field.name.value);
}

/** The selection below a path of fields. */
function below(node, path) {
  const [name, ...rest] = path;
  const found = node?.selectionSet.selections.find((field) => field.name.value === name);
  return found && rest.length ? below(found, rest) : found;
}

/** The statement for what is asked of a company; found once for each operation. */
function statementFor(node) {
  let found = chosen.get(node);
  if (!found) {
    const inner = below(node, ["relationships", "relationships", "edges", "node"]);
    if (inner && names(inner).includes("support")) found = "nested";
    else found = names(node).every((name) => LIGHT.has(name)) ? "light" : "full";
    chosen.set(node, found);
  }
  return found;
}

const resolvers = {
  Query: {
    company: async (_, { id }, __, info) =>
      (await ask(statementFor(info.fieldNodes[0]), id)).company,
    companies: async () => (await ask("portfolio")).companies,
  },
};

const app = Fastify();
await app.register(mercurius, {
  schema: readFileSync(new URL("mercurius.graphql", import.meta.url), "utf-8"),
  resolvers,
  jit: 1,
});
await app.listen({ port, host: "127.0.0.1" });
