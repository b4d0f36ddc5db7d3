-- What a page needs beyond the tables: computed columns of a company, as PostGraphile's
-- documentation teaches them. They stand in a schema of their own, made anew at each start.
DROP SCHEMA IF EXISTS postgraphile CASCADE;
CREATE SCHEMA postgraphile;

CREATE TYPE postgraphile.label_count AS (label text, count int);
CREATE TYPE postgraphile.people AS (last int, before int);
CREATE TYPE postgraphile.support AS (open int, total int, mean_days float, by_priority postgraphile.label_count[]);
CREATE TYPE postgraphile.type_total AS (key text, name text, count int, arr_minor bigint, currency text);
CREATE TYPE postgraphile.hierarchy_node AS (
  id text, name text, parent_id text, level int, child_count int, is_current bool,
  arr_minor bigint, sum_minor bigint, currency text
);
CREATE TYPE postgraphile.point AS (period_start date, value float, partial bool);
CREATE TYPE postgraphile.module_usage AS (key text, name text, unit text, total float, series postgraphile.point[]);
CREATE TYPE postgraphile.usage AS (
  last int, before int, utilization float, trend_percent float,
  active_users postgraphile.point[], modules postgraphile.module_usage[]
);

CREATE TYPE postgraphile.score AS (value int, label text, color text, trend text, delta int, stale bool);
CREATE TYPE postgraphile.measure_score AS (key text, name text, score postgraphile.score);
CREATE TYPE postgraphile.group_score AS (
  key text, name text, weight float, score postgraphile.score, measures postgraphile.measure_score[]
);
CREATE TYPE postgraphile.score_point AS (week_start date, value int, label text, color text);
CREATE TYPE postgraphile.scorecard AS (
  name text, overall postgraphile.score, groups postgraphile.group_score[], history postgraphile.score_point[]
);

CREATE TYPE postgraphile.nps AS (nps int, promoters int, passives int, detractors int);
CREATE TYPE postgraphile.nps_point AS (month date, nps int, response_count int);
CREATE TYPE postgraphile.surveys AS (
  nps int, average_rating float, margin_of_error float, low_sample bool, response_count int,
  promoters int, passives int, detractors int, trend postgraphile.nps_point[]
);

CREATE TYPE postgraphile.type_count AS (key text, label text, color text, count int);
CREATE TYPE postgraphile.cockpit AS (
  open int, overdue int, snoozed int, success_rate float, by_type postgraphile.type_count[]
);

CREATE FUNCTION postgraphile.month(back int) RETURNS date LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT (date_trunc('month', now() AT TIME ZONE 'UTC') - back * interval '1 month')::date
$$;

CREATE FUNCTION postgraphile.week() RETURNS date LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT (date_trunc('week', now() AT TIME ZONE 'UTC'))::date - 77
$$;

CREATE FUNCTION postgraphile.company_lifetime_in_months(c public.company) RETURNS int
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT (extract(year FROM age((now() AT TIME ZONE 'UTC')::date, c.original_contract_date)) * 12
    + extract(month FROM age((now() AT TIME ZONE 'UTC')::date, c.original_contract_date)))::int
$$;

CREATE FUNCTION postgraphile.company_people(c public.company) RETURNS postgraphile.people
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT (count(DISTINCT person_key) FILTER (WHERE day >= postgraphile.month(1)))::int,
    (count(DISTINCT person_key) FILTER (WHERE day < postgraphile.month(1)))::int
  FROM public.usage_active_day
  WHERE company_id = c.id AND day >= postgraphile.month(2) AND day < postgraphile.month(0)
$$;

CREATE FUNCTION postgraphile.company_open_by_priority(c public.company)
RETURNS SETOF postgraphile.label_count LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT coalesce(priority, 'No priority'), count(*)::int
  FROM public.support_case WHERE company_id = c.id AND NOT is_closed GROUP BY 1 ORDER BY 1
$$;

CREATE FUNCTION postgraphile.company_support(c public.company) RETURNS postgraphile.support
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  WITH cases AS MATERIALIZED (
    SELECT is_closed, priority, opened_at, closed_at FROM public.support_case WHERE company_id = c.id
  )
  SELECT (count(*) FILTER (WHERE NOT is_closed))::int, count(*)::int,
    round((avg(extract(epoch FROM closed_at - opened_at)) / 86400)::numeric, 1)::float,
    coalesce((SELECT array_agg((label, count)::postgraphile.label_count ORDER BY label) FROM (
      SELECT coalesce(priority, 'No priority') AS label, count(*) AS count
      FROM cases WHERE NOT is_closed GROUP BY 1) AS b), '{}')
  FROM cases
$$;

CREATE FUNCTION postgraphile.company_relationship_totals(c public.company)
RETURNS SETOF postgraphile.type_total LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT t.key, t.name, count(*)::int, sum(r.arr_minor)::bigint, min(r.currency)
  FROM public.relationship r JOIN public.relationship_type t ON t.id = r.type_id
  WHERE r.company_id = c.id GROUP BY t.key, t.name ORDER BY t.key
$$;

CREATE FUNCTION postgraphile.company_hierarchy(c public.company)
RETURNS SETOF postgraphile.hierarchy_node LANGUAGE sql STABLE PARALLEL SAFE AS $$
  WITH RECURSIVE
  up AS (
    SELECT c.id AS id, c.parent_id AS parent_id, 0 AS height
    UNION ALL
    SELECT p.id, p.parent_id, up.height + 1 FROM up JOIN public.company p ON p.id = up.parent_id
  ),
  tree AS (
    SELECT id, parent_id, name, search_key, arr_minor, currency, 1 AS level, ARRAY[id]::text[] AS path
    FROM public.company WHERE id = (SELECT id FROM up ORDER BY height DESC LIMIT 1)
    UNION ALL
    SELECT k.id, k.parent_id, k.name, k.search_key, k.arr_minor, k.currency,
      tree.level + 1, tree.path || k.id::text
    FROM tree JOIN public.company k ON k.parent_id = tree.id
  )
  SELECT n.id, n.name, CASE WHEN n.level > 1 THEN n.parent_id END, n.level,
    (count(*) FILTER (WHERE b.level = n.level + 1))::int, n.id = c.id,
    n.arr_minor, sum(b.arr_minor)::bigint, n.currency
  FROM tree n JOIN tree b ON b.path[n.level] = n.id
  JOIN tree own ON own.id = c.id
    AND (n.id = ANY (own.path) OR own.id = ANY (n.path) OR n.level > 1 AND n.parent_id = own.parent_id)
  GROUP BY n.id, n.parent_id, n.name, n.search_key, n.arr_minor, n.currency, n.level, n.path
  ORDER BY n.level, n.search_key, n.id
$$;

CREATE FUNCTION postgraphile.company_usage(c public.company) RETURNS postgraphile.usage
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  WITH
  active AS MATERIALIZED (
    SELECT person_key, day, (day - postgraphile.week()) / 7 AS week
    FROM public.usage_active_day
    WHERE company_id = c.id AND day >= least(postgraphile.month(2), postgraphile.week())
  ),
  people AS MATERIALIZED (
    SELECT count(DISTINCT person_key) FILTER (
        WHERE day >= postgraphile.month(1) AND day < postgraphile.month(0)) AS last,
      count(DISTINCT person_key) FILTER (
        WHERE day >= postgraphile.month(2) AND day < postgraphile.month(1)) AS before,
      (SELECT sum(quantity) FROM public.usage_entitlement WHERE company_id = c.id
        AND starts_on < postgraphile.month(0)
        AND (ends_on IS NULL OR ends_on >= postgraphile.month(0) - 1)) AS entitled
    FROM active
  ),
  used AS MATERIALIZED (
    SELECT module_id, (day - postgraphile.week()) / 7 AS week, sum(value) AS value
    FROM public.usage_daily WHERE company_id = c.id GROUP BY 1, 2
  ),
  week AS MATERIALIZED (
    SELECT n, postgraphile.week() + 7 * n AS day FROM generate_series(0, 11) AS n
  )
  SELECT last::int, before::int,
    round(last * 100.0 / nullif(entitled, 0), 1)::float,
    round((last - before) * 100.0 / nullif(before, 0), 1)::float,
    (SELECT array_agg((w.day, a.value, w.n = 11)::postgraphile.point ORDER BY n)
      FROM week AS w LEFT JOIN (
        SELECT week, count(DISTINCT person_key) AS value FROM active
        WHERE day >= postgraphile.week() GROUP BY week) AS a ON a.week = w.n),
    (SELECT array_agg((m.key, m.name, m.unit, t.total, s.series)::postgraphile.module_usage ORDER BY m.position)
      FROM (SELECT module_id, sum(value) AS total FROM used GROUP BY module_id) AS t
      JOIN public.usage_module m ON m.id = t.module_id
      JOIN LATERAL (
        SELECT array_agg((w.day, u.value, w.n = 11)::postgraphile.point ORDER BY n) AS series
        FROM week AS w LEFT JOIN used u ON u.week = w.n AND u.module_id = m.id) AS s ON true)
  FROM people
$$;

CREATE FUNCTION postgraphile.card_of(company text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT coalesce(
    (SELECT card_id FROM public.scorecard_assignment WHERE record_id = company),
    (SELECT id FROM public.scorecard_card WHERE record_kind = 'COMPANY' AND is_default ORDER BY rank, id LIMIT 1))
$$;

CREATE FUNCTION postgraphile.trend(value int, before int, dead_band int) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN value IS NULL THEN 'NONE' WHEN before IS NULL THEN 'NEW'
    WHEN abs(value - before) <= dead_band THEN 'FLAT' WHEN value > before THEN 'UP' ELSE 'DOWN' END
$$;

CREATE FUNCTION postgraphile.company_health(c public.company) RETURNS postgraphile.score
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT s.value, NULL::text, NULL::text,
    postgraphile.trend(s.value, CASE WHEN s.base_until <= (now() AT TIME ZONE 'UTC')::date
      THEN s.value ELSE s.base END, k.dead_band),
    NULL::int, NULL::bool
  FROM public.scorecard_card k
  JOIN public.scorecard_node n ON n.card_id = k.id AND n.kind = 'OVERALL'
  LEFT JOIN public.scorecard_score s ON s.node_id = n.id AND s.record_id = c.id
  WHERE k.id = postgraphile.card_of(c.id)
$$;

CREATE FUNCTION postgraphile.company_scorecard(c public.company) RETURNS postgraphile.scorecard
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  WITH
  card AS MATERIALIZED (
    SELECT id, name, scheme_id, dead_band FROM public.scorecard_card WHERE id = postgraphile.card_of(c.id)
  ),
  score AS MATERIALIZED (
    SELECT n.id, n.kind, n.group_id, n.position, coalesce(m.key, n.key) AS key,
      coalesce(m.name, n.name) AS name, n.weight,
      (s.value, b.label, b.color, postgraphile.trend(s.value, s.before, card.dead_band),
        s.value - s.before, coalesce(s.stale, false))::postgraphile.score AS score
    FROM card JOIN public.scorecard_node n ON n.card_id = card.id
    LEFT JOIN public.scorecard_measure m ON m.id = n.measure_id
    LEFT JOIN (
      SELECT node_id, stale_after < now() AS stale,
        CASE WHEN NOT (expires AND stale_after < now()) THEN value END AS value,
        CASE WHEN base_until <= (now() AT TIME ZONE 'UTC')::date THEN value ELSE base END AS before
      FROM public.scorecard_score WHERE record_id = c.id
    ) s ON s.node_id = n.id
    LEFT JOIN public.scorecard_band b ON b.scheme_id = card.scheme_id
      AND s.value <= b.high AND (s.value > b.low OR b.position = 0)
  )
  SELECT card.name, health.score,
    (SELECT array_agg((g.key, g.name, g.weight, g.score, m.measures)::postgraphile.group_score ORDER BY g.position, g.id)
      FROM score AS g LEFT JOIN (
        SELECT group_id, array_agg((key, name, score)::postgraphile.measure_score ORDER BY position, id) AS measures
        FROM score WHERE group_id IS NOT NULL GROUP BY group_id) AS m ON m.group_id = g.id
      WHERE g.kind = 'GROUP'),
    (SELECT array_agg((w.day, e.value, e.label, e.color)::postgraphile.score_point ORDER BY w.day)
      FROM (SELECT postgraphile.week() + 7 * n AS day FROM generate_series(0, 11) AS n) AS w
      LEFT JOIN LATERAL (
        SELECT value, label, color FROM public.scorecard_event
        WHERE record_id = c.id AND node_id = health.id AND day < w.day + 7
        ORDER BY day DESC, number DESC LIMIT 1) AS e ON true)
  FROM card JOIN score AS health ON health.kind = 'OVERALL'
$$;

CREATE FUNCTION postgraphile.shown_surveys(company text) RETURNS SETOF public.surveys_survey
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT * FROM public.surveys_survey AS s WHERE NOT is_anonymous OR 5 <= (
    SELECT count(*) FROM public.surveys_response WHERE survey_id = s.id AND company_id = company)
$$;

CREATE FUNCTION postgraphile.company_nps(c public.company) RETURNS postgraphile.nps
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT round((promoters - detractors) * 100.0 / nullif(number, 0))::int, promoters, passives, detractors
  FROM (
    SELECT count(*) AS number, (count(*) FILTER (WHERE rating >= 9))::int AS promoters,
      (count(*) FILTER (WHERE rating BETWEEN 7 AND 8))::int AS passives,
      (count(*) FILTER (WHERE rating < 7))::int AS detractors
    FROM (
      SELECT DISTINCT ON (coalesce(r.person_id, r.id)) r.rating
      FROM postgraphile.shown_surveys(c.id) AS s JOIN public.surveys_response r ON r.survey_id = s.id
      WHERE s.kind = 'NPS' AND r.company_id = c.id AND r.rating IS NOT NULL
        AND r.responded_at > now() - interval '180 days' AND r.responded_at <= now()
        AND r.state IN ('PARTIAL', 'SUBMITTED')
      ORDER BY coalesce(r.person_id, r.id), r.responded_at DESC, r.id DESC
    ) AS r
  ) AS t
$$;

CREATE FUNCTION postgraphile.company_surveys(c public.company) RETURNS postgraphile.surveys
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  WITH
  rated AS MATERIALIZED (
    SELECT rating, month, row_number() OVER w = 1 AND recent AS counts,
      lag(month) OVER w IS DISTINCT FROM month AS counts_in_month
    FROM (
      SELECT r.id, r.rating, r.responded_at, coalesce(r.person_id, r.id) AS who,
        date_trunc('month', r.responded_at)::date AS month,
        r.responded_at > now() - interval '180 days' AS recent
      FROM postgraphile.shown_surveys(c.id) AS s JOIN public.surveys_response r ON r.survey_id = s.id
      WHERE s.kind = 'NPS' AND r.company_id = c.id AND r.rating IS NOT NULL
        AND r.responded_at >= postgraphile.month(11) AND r.responded_at <= now()
        AND r.state IN ('PARTIAL', 'SUBMITTED')
    ) AS a
    WINDOW w AS (PARTITION BY who ORDER BY responded_at DESC, id DESC)
  ),
  t AS MATERIALIZED (
    SELECT (count(*) FILTER (WHERE rating >= 9))::int AS promoters,
      (count(*) FILTER (WHERE rating BETWEEN 7 AND 8))::int AS passives,
      (count(*) FILTER (WHERE rating < 7))::int AS detractors,
      count(*)::int AS number, sum(rating) AS total
    FROM rated WHERE counts
  )
  SELECT round((promoters - detractors) * 100.0 / nullif(number, 0))::int,
    round(total * 1.0 / nullif(number, 0), 1)::float,
    round((sqrt(promoters + detractors - (promoters - detractors) ^ 2 / nullif(number, 0))
      * 196 / number)::numeric, 1)::float,
    number < 5, number, promoters, passives, detractors,
    (SELECT array_agg((m.month::date, r.nps, coalesce(r.number, 0))::postgraphile.nps_point ORDER BY m.month)
      FROM generate_series(postgraphile.month(11), postgraphile.month(0), interval '1 month') AS m(month)
      LEFT JOIN (
        SELECT month, count(*)::int AS number, round((count(*) FILTER (WHERE rating >= 9)
          - count(*) FILTER (WHERE rating < 7)) * 100.0 / count(*))::int AS nps
        FROM rated WHERE counts_in_month GROUP BY month) AS r ON r.month = m.month)
  FROM t
$$;

CREATE FUNCTION postgraphile.company_answers(c public.company) RETURNS SETOF public.surveys_response
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT r.* FROM public.surveys_response r
  WHERE r.company_id = c.id AND r.survey_id IN (SELECT id FROM postgraphile.shown_surveys(c.id))
    AND r.responded_at > now() - interval '180 days' AND r.responded_at <= now()
    AND r.state IN ('PARTIAL', 'SUBMITTED')
  ORDER BY r.responded_at DESC, r.id
$$;

CREATE FUNCTION postgraphile.surveys_response_text(r public.surveys_response) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT r.comment FROM public.surveys_survey AS s WHERE s.id = r.survey_id AND (NOT s.is_anonymous OR 3 <= (
    SELECT count(*) FROM public.surveys_response AS o
    WHERE o.survey_id = r.survey_id AND o.company_id = r.company_id AND o.state IN ('PARTIAL', 'SUBMITTED')
      AND o.relationship_id IS NOT DISTINCT FROM r.relationship_id))
$$;

CREATE FUNCTION postgraphile.today() RETURNS date LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT (now() AT TIME ZONE 'UTC')::date
$$;

CREATE FUNCTION postgraphile.company_open_ctas(c public.company) RETURNS SETOF public.cockpit_cta
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT * FROM public.cockpit_cta WHERE company_id = c.id AND NOT is_closed
    AND (snoozed_until IS NULL OR snoozed_until < postgraphile.today())
  ORDER BY due_date, id
$$;

CREATE FUNCTION postgraphile.company_open_by_type(c public.company) RETURNS SETOF postgraphile.type_count
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT i.key, i.label, i.color, t.count
  FROM (
    SELECT type_id, count(*)::int AS count FROM public.cockpit_cta WHERE company_id = c.id AND NOT is_closed
      AND (snoozed_until IS NULL OR snoozed_until < postgraphile.today()) GROUP BY type_id
  ) AS t JOIN public.picklist_item i ON i.id = t.type_id
  ORDER BY i.position, i.id
$$;

CREATE FUNCTION postgraphile.company_cockpit(c public.company) RETURNS postgraphile.cockpit
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  WITH cta AS MATERIALIZED (
    SELECT type_id, status_id, is_closed, due_date,
      coalesce(snoozed_until >= postgraphile.today(), false) AS snoozed
    FROM public.cockpit_cta WHERE company_id = c.id
  )
  SELECT (count(*) FILTER (WHERE NOT is_closed AND NOT snoozed))::int,
    (count(*) FILTER (WHERE NOT is_closed AND NOT snoozed AND due_date < postgraphile.today()))::int,
    (count(*) FILTER (WHERE NOT is_closed AND snoozed))::int,
    round((count(*) FILTER (WHERE category = 'CLOSED_SUCCESS')) * 1.0
      / nullif(count(*) FILTER (WHERE category IN ('CLOSED_SUCCESS', 'CLOSED_LOST')), 0), 4)::float,
    coalesce((
      SELECT array_agg((i.key, i.label, i.color, t.count)::postgraphile.type_count ORDER BY i.position, i.id)
      FROM (SELECT type_id, count(*)::int AS count FROM cta
        WHERE NOT is_closed AND NOT snoozed GROUP BY type_id) AS t
      JOIN public.picklist_item i ON i.id = t.type_id), '{}')
  FROM cta JOIN public.picklist_item s ON s.id = cta.status_id
$$;

CREATE FUNCTION postgraphile.cockpit_cta_days_until_close(cta public.cockpit_cta) RETURNS int
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN NOT cta.is_closed THEN cta.due_date - postgraphile.today() END
$$;

CREATE FUNCTION postgraphile.cockpit_cta_days_past_due(cta public.cockpit_cta) RETURNS int
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT greatest(coalesce(cta.closed_on, postgraphile.today()) - cta.due_date, 0)
$$;

CREATE FUNCTION postgraphile.cockpit_cta_percent_complete(cta public.cockpit_cta) RETURNS float
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN cta.total_tasks > 0 THEN round(cta.closed_tasks * 100.0 / cta.total_tasks, 2)
    WHEN cta.is_closed THEN 100 ELSE 0 END::float
$$;

CREATE FUNCTION postgraphile.company_activities(c public.company) RETURNS SETOF public.timeline_activity
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT * FROM public.timeline_activity
  WHERE company_id = c.id AND relationship_id IS NULL AND NOT is_draft AND visibility = 'PUBLIC'
  ORDER BY activity_date DESC, id DESC
$$;

CREATE FUNCTION postgraphile.company_milestones(c public.company) RETURNS SETOF postgraphile.label_count
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT milestone_type, count(*)::int FROM public.timeline_activity
  WHERE company_id = c.id AND relationship_id IS NULL AND NOT is_draft AND visibility = 'PUBLIC'
    AND milestone_type IS NOT NULL GROUP BY 1 ORDER BY 1
$$;

CREATE FUNCTION postgraphile.timeline_activity_internal(a public.timeline_activity) RETURNS SETOF public.app_user
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT u.* FROM public.timeline_attendee t JOIN public.app_user u ON u.id = t.user_id
  WHERE t.activity_id = a.id AND t.kind = 'INTERNAL' ORDER BY u.name, u.id
$$;

CREATE FUNCTION postgraphile.timeline_activity_external(a public.timeline_activity) RETURNS SETOF public.person
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT p.* FROM public.timeline_attendee t JOIN public.person p ON p.id = t.person_id
  WHERE t.activity_id = a.id AND t.kind = 'EXTERNAL' ORDER BY p.search_key, p.id
$$;
