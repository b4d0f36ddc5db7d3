// PostGraphile 5 on grafserv and node's own HTTP server, over the tables of Cyclorama and
// the computed columns of postgraphile.sql.

import { pool, port, url } from "./setting.mjs";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import pg from "pg";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

const client = new pg.Client(url);
await client.connect();
await client.query(readFileSync(new URL("postgraphile.sql", import.meta.url), "utf-8"));
await client.end();

const instance = postgraphile({
  extends: [PostGraphileAmberPreset],
  pgServices: [
    makePgService({ pool: new pg.Pool(pool), schemas: ["public", "postgraphile"] }),
  ],
  grafserv: {
    graphqlPath: "/graphql",
    graphiql: false,
    websockets: false,
    outputDataAsString: true,
  },
});
const server = createServer();
await instance.createServ(grafserv).addTo(server);
server.listen(port, "127.0.0.1");
