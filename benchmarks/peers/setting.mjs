// What both servers know: the database, the pool, where to listen. Imported first, as the
// libraries read these variables when they load.

process.env.NODE_ENV ??= "production";
process.env.GRAPHILE_ENV ??= "production";

export const url = process.env.CYCLORAMA_DATABASE_URL.replace("+asyncpg", "");

/** As many connections as the other variants have, with the settings of ../limit.py. */
export const pool = {
  connectionString: url,
  max: 8,
  min: 8,
  idleTimeoutMillis: 0,
  options: "-c timezone=UTC -c jit=off -c plan_cache_mode=force_generic_plan",
};

export const port = Number(process.argv[2]);
