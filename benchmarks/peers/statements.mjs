// The hand-written statements of ../limit_sql: a page whole, or by section.

import { readFileSync } from "node:fs";

const DAY = 86_400_000;

function read(name) {
  const file = new URL(`../limit_sql/${name}.sql`, import.meta.url);
  return readFileSync(file, "utf-8").replace(/^--.*\n/gm, "");
}

/** A statement that is prepared under its name, `$1` for `:company` and so on. */
function numbered(name, sql) {
  const names = [];
  const text = sql.replace(/(?<!:):([a-z]+)/g, (_, parameter) => {
    if (!names.includes(parameter)) names.push(parameter);
    return `$${names.indexOf(parameter) + 1}`;
  });
  return { name, text, names };
}

/** The statement of a whole page; its answer is what a GraphQL server answers. */
export function page(name) {
  return numbered(name, read(name));
}

/**
 * The statements of the full page's record and of each of its sections. All keep the
 * page's WITH: PostgreSQL leaves out what a statement does not read.
 */
export function sections() {
  const [, before, fields, from] =
    /^([^]*)SELECT json_build_object\('data', json_build_object\('company', json_build_object\(\n([^]*)\n\)\)\)::text\nFROM ([\w, ]+)\s*$/.exec(
      read("full"),
    );
  // A field of the record stands two spaces in, what belongs to it further.
  const parts = fields.split(/,\n(?=  ')/);
  const first = parts.findIndex((part) => part.startsWith("  'summary'"));
  const sources = from.split(", ");
  const made = (name, part) => statement(name, before, part, sources);
  const found = { record: made("record", parts.slice(0, first).join(",\n")) };
  for (const part of parts.slice(first)) {
    const name = /'(\w+)'/.exec(part)[1];
    found[name] = made(name, part);
  }
  return found;
}

function statement(name, before, fields, all) {
  const sources = all.filter((source) => new RegExp(`\\b${source}\\.`).test(fields));
  const from = sources.length ? `FROM ${sources.join(", ")}` : "";
  return numbered(name, `${before}SELECT json_build_object(\n${fields}\n)::text ${from}`);
}

let known = { until: 0 };

/** The days that statements ask for by name; they change once a day. */
export function days() {
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
      year: text(first(11)),
      week: text(start - (((today.getUTCDay() + 6) % 7) + 7 * 11) * DAY),
    };
  }
  return known;
}
