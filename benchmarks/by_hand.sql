WITH RECURSIVE
c AS (SELECT * FROM company WHERE id = $1),
up AS (
  SELECT id, parent_id, 0 AS height FROM c
  UNION ALL
  SELECT p.id, p.parent_id, up.height + 1 FROM up JOIN company p ON p.id = up.parent_id
),
pair AS (
  SELECT t.id AS upper, t.id, 1 AS level, t.id = $1 AS inside
  FROM (SELECT id FROM up ORDER BY height DESC LIMIT 1) AS t
  UNION ALL
  SELECT CASE s.own WHEN 1 THEN k.id ELSE pair.upper END, k.id, pair.level + 1, pair.inside OR k.id = $1
  FROM pair
  JOIN company k ON k.parent_id = pair.id
  JOIN (VALUES (0), (1)) AS s (own) ON s.own = 0 OR pair.upper = pair.id
),
node AS (
  SELECT pair.upper AS id, min(pair.level) AS level, sum(k.arr_minor) AS arr,
    bool_or(pair.id = $1 OR pair.inside AND pair.id = pair.upper) AS on_line
  FROM pair JOIN company k ON k.id = pair.id GROUP BY pair.upper
),
month AS (
  SELECT date_trunc('month', $2::date)::date AS this,
    (date_trunc('month', $2::date) - interval '1 month')::date AS last,
    (date_trunc('month', $2::date) - interval '2 months')::date AS before
),
active AS (
  SELECT count(DISTINCT person_key) FILTER (WHERE day >= last AND day < this) AS last,
    count(DISTINCT person_key) FILTER (WHERE day >= before AND day < last) AS before
  FROM usage_active_day, month WHERE company_id = $1 AND day >= before AND day < this
),
entitled AS (
  SELECT sum(quantity) AS people FROM usage_entitlement, month
  WHERE company_id = $1 AND starts_on < this AND (ends_on IS NULL OR ends_on >= this - 1)
),
week AS (
  SELECT (date_trunc('week', $2::date) - n * interval '1 week')::date AS day, n = 0 AS partial
  FROM generate_series(11, 0, -1) AS n
),
people AS (
  SELECT date_trunc('week', day)::date AS day, count(DISTINCT person_key) AS value
  FROM usage_active_day
  WHERE company_id = $1 AND day >= date_trunc('week', $2::date) - interval '11 weeks'
  GROUP BY 1
),
used AS (
  SELECT module_id, date_trunc('week', day)::date AS day, sum(value) AS value
  FROM usage_daily WHERE company_id = $1 GROUP BY 1, 2
),
f AS (
  SELECT
    json_build_object('path', 'status', 'label', 'Status', 'value', st.key, 'displayValue', st.label) AS status,
    json_build_object('path', 'industry', 'label', 'Industry', 'value', i.key, 'displayValue', i.label) AS industry,
    json_build_object('path', 'stage', 'label', 'Stage', 'value', sg.key, 'displayValue', sg.label) AS stage,
    json_build_object('path', 'arr', 'label', 'ARR', 'value', json_build_object('amount', round(arr_minor / 100.0, 2)::text, 'currency', currency), 'displayValue', round(arr_minor / 100.0, 2) || ' ' || currency) AS arr,
    json_build_object('path', 'originalContractDate', 'label', 'Original contract date', 'value', original_contract_date, 'displayValue', original_contract_date::text) AS began,
    json_build_object('path', 'renewalDate', 'label', 'Renewal date', 'value', renewal_date, 'displayValue', renewal_date::text) AS renewal,
    (extract(year FROM age($2::date, original_contract_date)) * 12 + extract(month FROM age($2::date, original_contract_date)))::int AS lifetime,
    u.name AS csm_name, u.email AS csm_email
  FROM c
  LEFT JOIN picklist_item st ON st.id = c.status_id
  LEFT JOIN picklist_item sg ON sg.id = c.stage_id
  LEFT JOIN picklist_item i ON i.id = c.industry_id
  LEFT JOIN app_user u ON u.id = c.csm_id
)
SELECT json_build_object('data', json_build_object('company', json_build_object(
  'id', c.id, 'name', c.name,
  'arr', json_build_object('amount', round(c.arr_minor / 100.0, 2)::text, 'currency', c.currency),
  'renewalDate', c.renewal_date,
  'csm', json_build_object('name', f.csm_name, 'email', f.csm_email),
  'summary', json_build_object(
    'cards', json_build_array(
      json_build_object('key', 'active_users', 'label', 'Active users', 'value', active.last,
        'trend', CASE WHEN active.last > active.before THEN 'UP' WHEN active.last < active.before THEN 'DOWN' ELSE 'FLAT' END,
        'breakdown', json_build_array()),
      json_build_object('key', 'open_cases', 'label', 'Open cases',
        'value', (SELECT count(*) FROM support_case WHERE company_id = c.id AND NOT is_closed),
        'trend', 'NONE',
        'breakdown', coalesce((SELECT json_agg(json_build_object('label', label, 'count', count)) FROM (
          SELECT coalesce(priority, 'No priority') AS label, count(*) AS count FROM support_case
          WHERE company_id = c.id AND NOT is_closed GROUP BY 1 ORDER BY 1) AS b), '[]'::json))),
    'fields', json_build_array(f.status, f.industry, f.arr, f.began, f.renewal,
      json_build_object('path', 'lifetimeInMonths', 'label', 'Lifetime in months', 'value', f.lifetime, 'displayValue', f.lifetime::text)),
    'tags', c.tags, 'comment', c.comment),
  'attributes', json_build_object('groups', json_build_array(
    json_build_object('label', 'Account', 'fields', json_build_array(
      f.industry::jsonb || '{"type": "PICKLIST", "editable": false}',
      f.status::jsonb || '{"type": "PICKLIST", "editable": true}',
      f.stage::jsonb || '{"type": "PICKLIST", "editable": true}',
      json_build_object('path', 'csm.name', 'label', 'CSM', 'type', 'STRING', 'value', f.csm_name, 'displayValue', f.csm_name, 'editable', false),
      json_build_object('path', 'csm.email', 'label', 'CSM email', 'type', 'EMAIL', 'value', f.csm_email, 'displayValue', f.csm_email, 'editable', false))),
    json_build_object('label', 'Contract', 'fields', json_build_array(
      f.arr::jsonb || '{"type": "CURRENCY", "editable": false}',
      f.began::jsonb || '{"type": "DATE", "editable": false}',
      f.renewal::jsonb || '{"type": "DATE", "editable": true}')))),
  'relationships', json_build_object(
    'byType', (SELECT json_agg(json_build_object('type', json_build_object('key', key, 'name', name), 'count', count,
        'arr', json_build_object('amount', round(arr / 100.0, 2)::text, 'currency', currency)) ORDER BY key) FROM (
      SELECT t.key, t.name, count(*) AS count, sum(r.arr_minor) AS arr, min(r.currency) AS currency
      FROM relationship r JOIN relationship_type t ON t.id = r.type_id
      WHERE r.company_id = c.id GROUP BY t.id, t.key, t.name) AS b),
    'relationships', (SELECT json_build_object(
        'totalCount', (SELECT count(*) FROM relationship WHERE company_id = c.id),
        'pageInfo', json_build_object('hasNextPage', count(*) > 10),
        'edges', coalesce(json_agg(json_build_object('node', json_build_object('id', id, 'name', name,
          'type', json_build_object('name', type), 'status', json_build_object('label', label, 'color', color),
          'arr', json_build_object('amount', round(arr_minor / 100.0, 2)::text, 'currency', currency),
          'renewalDate', renewal_date)) ORDER BY search_key, id) FILTER (WHERE row <= 10), '[]'::json))
      FROM (SELECT r.*, t.name AS type, p.label, p.color, row_number() OVER (ORDER BY r.search_key, r.id) AS row
        FROM relationship r JOIN relationship_type t ON t.id = r.type_id
        LEFT JOIN picklist_item p ON p.id = r.status_id
        WHERE r.company_id = c.id ORDER BY r.search_key, r.id LIMIT 11) AS p)),
  'companyHierarchy', json_build_object('nodes', (SELECT json_agg(json_build_object(
      'company', json_build_object('id', k.id, 'name', k.name),
      'parentId', CASE WHEN node.level > 1 THEN k.parent_id END, 'level', node.level,
      'childCount', (SELECT count(*) FROM company WHERE parent_id = k.id),
      'isCurrent', k.id = c.id,
      'own', json_build_array(json_build_object('path', 'arr', 'value', json_build_object('amount', round(k.arr_minor / 100.0, 2)::text, 'currency', k.currency))),
      'rolledUp', json_build_array(json_build_object('path', 'arr', 'value', json_build_object('amount', round(node.arr / 100.0, 2)::text, 'currency', k.currency)))
    ) ORDER BY node.level, k.search_key, k.id) FROM node JOIN company k ON k.id = node.id
      WHERE node.on_line OR node.level > 1 AND k.parent_id = c.parent_id)),
  'support', json_build_object(
    'openCount', (SELECT count(*) FROM support_case WHERE company_id = c.id AND NOT is_closed),
    'meanDaysToClose', (SELECT round((avg(extract(epoch FROM closed_at - opened_at)) / 86400)::numeric, 1) FROM support_case WHERE company_id = c.id),
    'cases', (SELECT json_build_object(
        'totalCount', (SELECT count(*) FROM support_case WHERE company_id = c.id),
        'edges', coalesce(json_agg(json_build_object('node', json_build_object('id', id, 'number', number, 'subject', subject,
          'status', status, 'isClosed', is_closed, 'priority', priority,
          'openedAt', to_char(opened_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'closedAt', to_char(closed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')))), '[]'::json))
      FROM (SELECT * FROM support_case WHERE company_id = c.id ORDER BY opened_at DESC, id LIMIT 10) AS s)),
  'usage', json_build_object(
    'utilization', round(active.last * 100.0 / nullif(entitled.people, 0), 1),
    'trendPercent', round((active.last - active.before) * 100.0 / nullif(active.before, 0), 1),
    'activeUsers', (SELECT json_agg(json_build_object('periodStart', week.day, 'value', people.value, 'partial', week.partial) ORDER BY week.day)
      FROM week LEFT JOIN people USING (day)),
    'modules', (SELECT json_agg(json_build_object('key', m.key, 'name', m.name, 'unit', m.unit,
        'total', (SELECT sum(value) FROM used WHERE module_id = m.id),
        'series', (SELECT json_agg(json_build_object('periodStart', week.day, 'value', used.value, 'partial', week.partial) ORDER BY week.day)
          FROM week LEFT JOIN used ON used.day = week.day AND used.module_id = m.id)) ORDER BY m.position)
      FROM usage_module m WHERE m.id IN (SELECT module_id FROM used)))
)))::text
FROM c, f, active, entitled
