-- :month, :last: first days of this month and of the one before; :week: the Monday of the
-- oldest of twelve weeks. Rows of all relationships are read at once.
WITH
rel AS MATERIALIZED (
  SELECT id, name, search_key FROM relationship
  WHERE company_id = :company ORDER BY search_key, id LIMIT 10
),
cases AS MATERIALIZED (
  SELECT relationship_id, count(*) AS count, count(*) FILTER (WHERE NOT is_closed) AS open,
    json_agg(json_build_object('node', json_build_object('number', number,
      'subject', subject, 'status', status,
      'openedAt', to_char(opened_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))) ORDER BY n)
      FILTER (WHERE n <= 5) AS edges
  FROM (SELECT s.*, row_number() OVER (
      PARTITION BY relationship_id ORDER BY opened_at DESC, s.id) AS n
    FROM rel JOIN support_case s ON s.relationship_id = rel.id) AS s
  GROUP BY relationship_id
),
active AS MATERIALIZED (
  SELECT relationship_id, person_key, day, (day - :week::date) / 7 AS week
  FROM rel JOIN usage_active_day a ON a.relationship_id = rel.id
  WHERE day >= least(:last::date, :week::date)
),
people AS MATERIALIZED (
  SELECT relationship_id, count(DISTINCT person_key) AS last
  FROM active WHERE day >= :last::date AND day < :month::date GROUP BY relationship_id
),
entitled AS MATERIALIZED (
  SELECT relationship_id, sum(quantity) AS quantity
  FROM rel JOIN usage_entitlement e ON e.relationship_id = rel.id
  WHERE starts_on < :month::date AND (ends_on IS NULL OR ends_on >= :month::date - 1)
  GROUP BY relationship_id
),
week AS MATERIALIZED (
  SELECT n, '{"periodStart":"' || (:week::date + 7 * n) || '","value":' AS head,
    ',"partial":' || CASE WHEN n = 11 THEN 'true}' ELSE 'false}' END AS tail
  FROM generate_series(0, 11) AS n
),
points AS MATERIALIZED (
  SELECT rel.id AS relationship_id, ('[' || string_agg(w.head
    || coalesce(value::text, 'null') || w.tail, ',' ORDER BY n) || ']')::json AS points
  FROM rel CROSS JOIN week AS w LEFT JOIN (
    SELECT relationship_id, week, count(DISTINCT person_key) AS value
    FROM active GROUP BY relationship_id, week) AS a
    ON a.relationship_id = rel.id AND a.week = n
  GROUP BY rel.id
),
modules AS MATERIALIZED (
  SELECT relationship_id, json_agg(json_build_object('key', m.key, 'total', total)
    ORDER BY m.position) AS modules
  FROM (SELECT relationship_id, module_id, sum(value) AS total
    FROM rel JOIN usage_daily d ON d.relationship_id = rel.id
    GROUP BY relationship_id, module_id) AS u JOIN usage_module m ON m.id = u.module_id
  GROUP BY relationship_id
)
SELECT json_build_object('data', json_build_object('company', json_build_object(
  'id', c.id, 'name', c.name,
  'relationships', json_build_object('relationships', json_build_object('edges', (
    SELECT coalesce(json_agg(json_build_object('node', json_build_object(
      'id', rel.id, 'name', rel.name,
      'support', json_build_object('openCount', coalesce(cases.open, 0),
        'cases', json_build_object('totalCount', coalesce(cases.count, 0),
          'edges', coalesce(cases.edges, '[]'::json))),
      'usage', json_build_object(
        'utilization', round(coalesce(people.last, 0) * 100.0 / nullif(entitled.quantity, 0), 1),
        'activeUsers', points.points, 'modules', coalesce(modules.modules, '[]'::json)))
      ) ORDER BY search_key, rel.id), '[]'::json)
    FROM rel LEFT JOIN points ON points.relationship_id = rel.id
    LEFT JOIN cases ON cases.relationship_id = rel.id
    LEFT JOIN people ON people.relationship_id = rel.id
    LEFT JOIN entitled ON entitled.relationship_id = rel.id
    LEFT JOIN modules ON modules.relationship_id = rel.id)))
)))::text
FROM company c WHERE c.id = :company
