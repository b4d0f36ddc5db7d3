// mercurius with graphql-jit and the hand-written statements of ../limit_sql, prepared
// once on each connection. Each section has a resolver with its statement; with the
// argument `page` the record's resolver asks all of a page in one, which only works for
// pages that are known beforehand. graphql-jit walks every value either way.

import { pool as settings, port } from "./setting.mjs";
import { readFileSync } from "node:fs";
import Fastify from "fastify";
import mercurius from "mercurius";
import pg from "pg";
import { days, page, sections } from "./statements.mjs";

const pool = new pg.Pool(settings);
const portfolio = page("portfolio");

/** What a statement answers, as objects. */
async function ask({ name, text, names }, company) {
  const values = { ...days(), company };
  const { rows } = await pool.query({
    name,
    text,
    values: names.map((parameter) => values[parameter]),
    rowMode: "array",
  });
  return rows.length ? JSON.parse(rows[0][0]) : null;
}

async function companies() {
  return (await ask(portfolio)).data.companies;
}

function bySection() {
  const { record, ...others } = sections();
  const resolvers = Object.entries(others).map(([name, statement]) => [
    name,
    async (company) => (await ask(statement, company.id))[name],
  ]);
  return {
    Query: { company: (_, { id }) => ask(record, id), companies },
    Company: Object.fromEntries(resolvers),
  };
}

function byPage() {
  const [full, light, nested] = ["full", "light", "nested"].map(page);
  const chosen = new WeakMap();
  const asked = (node) => node.selectionSet.selections.map((field) => field.name.value);
  const choose = (node) => {
    const names = asked(node);
    if (names.includes("companyHierarchy")) return full;
    return names.includes("relationships") ? nested : light;
  };
  const company = async (_, { id }, __, { fieldNodes: [node] }) => {
    if (!chosen.has(node)) chosen.set(node, choose(node));
    return (await ask(chosen.get(node), id))?.data.company;
  };
  return { Query: { company, companies } };
}

const app = Fastify();
await app.register(mercurius, {
  schema: readFileSync(new URL("mercurius.graphql", import.meta.url), "utf-8"),
  resolvers: process.argv[3] === "page" ? byPage() : bySection(),
  jit: 1,
});
await app.listen({ port, host: "127.0.0.1" });
