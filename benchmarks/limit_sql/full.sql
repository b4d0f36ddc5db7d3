-- :month, :last, :before: first days of this month and of the two before it; :week: the
-- Monday of the oldest of twelve weeks; :year: the first day of the oldest of twelve
-- months. Each table is read once.
WITH RECURSIVE
c AS MATERIALIZED (
  SELECT c.*, st.key AS status, st.label AS status_label, i.key AS industry,
    i.label AS industry_label, sg.key AS stage, sg.label AS stage_label,
    u.name AS csm_name, u.email AS csm_email, round(c.arr_minor / 100.0, 2)::text AS arr,
    (extract(year FROM age(:today::date, original_contract_date)) * 12
      + extract(month FROM age(:today::date, original_contract_date)))::int AS lifetime
  FROM company c
  LEFT JOIN LATERAL (SELECT key, label FROM picklist_item WHERE id = c.status_id LIMIT 1) st ON true
  LEFT JOIN LATERAL (SELECT key, label FROM picklist_item WHERE id = c.stage_id LIMIT 1) sg ON true
  LEFT JOIN LATERAL (SELECT key, label FROM picklist_item WHERE id = c.industry_id LIMIT 1) i ON true
  LEFT JOIN LATERAL (SELECT name, email FROM app_user WHERE id = c.csm_id LIMIT 1) u ON true
  WHERE c.id = :company
),
cases AS MATERIALIZED (
  SELECT id, number, subject, status, is_closed, priority, opened_at, closed_at
  FROM support_case WHERE company_id = :company ORDER BY opened_at DESC, id
),
support AS MATERIALIZED (
  SELECT count(*) AS count, count(*) FILTER (WHERE NOT is_closed) AS open,
    round((avg(extract(epoch FROM closed_at - opened_at)) / 86400)::numeric, 1) AS days
  FROM cases
),
active AS MATERIALIZED (
  SELECT person_key, day, (day - :week::date) / 7 AS week
  FROM usage_active_day WHERE company_id = :company AND day >= least(:before::date, :week::date)
),
people AS MATERIALIZED (
  SELECT count(DISTINCT person_key) FILTER (WHERE day >= :last::date AND day < :month::date) AS last,
    count(DISTINCT person_key) FILTER (WHERE day >= :before::date AND day < :last::date) AS before,
    (SELECT sum(quantity) FROM usage_entitlement WHERE company_id = :company
      AND starts_on < :month::date AND (ends_on IS NULL OR ends_on >= :month::date - 1)) AS entitled
  FROM active
),
used AS MATERIALIZED (
  SELECT module_id, (day - :week::date) / 7 AS week, sum(value) AS value
  FROM usage_daily WHERE company_id = :company GROUP BY 1, 2
),
week AS MATERIALIZED (
  SELECT n, '{"periodStart":"' || (:week::date + 7 * n) || '","value":' AS head,
    ',"partial":' || CASE WHEN n = 11 THEN 'true}' ELSE 'false}' END AS tail
  FROM generate_series(0, 11) AS n
),
card AS MATERIALIZED (
  SELECT id, name, scheme_id, dead_band FROM scorecard_card WHERE id = coalesce(
    (SELECT card_id FROM scorecard_assignment WHERE record_id = :company),
    (SELECT id FROM scorecard_card WHERE record_kind = 'COMPANY' AND is_default ORDER BY rank, id LIMIT 1))
),
score AS MATERIALIZED (
  SELECT n.id, n.kind, n.group_id, n.position, coalesce(m.key, n.key) AS key,
    coalesce(m.name, n.name) AS name, n.weight, s.value, b.label, b.color,
    s.value - s.before AS delta, coalesce(s.stale, false) AS stale,
    CASE WHEN s.value IS NULL THEN 'NONE' WHEN s.before IS NULL THEN 'NEW'
         WHEN abs(s.value - s.before) <= card.dead_band THEN 'FLAT'
         WHEN s.value > s.before THEN 'UP' ELSE 'DOWN' END AS trend
  FROM card JOIN scorecard_node n ON n.card_id = card.id
  LEFT JOIN scorecard_measure m ON m.id = n.measure_id
  LEFT JOIN (
    SELECT node_id, stale_after < now() AS stale,
      CASE WHEN NOT (expires AND stale_after < now()) THEN value END AS value,
      CASE WHEN base_until <= :today::date THEN value ELSE base END AS before
    FROM scorecard_score WHERE record_id = :company
  ) s ON s.node_id = n.id
  LEFT JOIN scorecard_band b ON b.scheme_id = card.scheme_id
    AND s.value <= b.high AND (s.value > b.low OR b.position = 0)
),
health AS MATERIALIZED (
  SELECT max(id) AS id, max(value) AS value, max(label) AS label, max(color) AS color,
    coalesce(max(trend), 'NONE') AS trend, max(delta) AS delta, coalesce(bool_or(stale), false) AS stale
  FROM score WHERE kind = 'OVERALL'
),
survey AS MATERIALIZED (
  SELECT id, name, kind, is_anonymous FROM surveys_survey AS s WHERE NOT is_anonymous OR 5 <= (
    SELECT count(*) FROM surveys_response WHERE survey_id = s.id AND company_id = :company)
),
answer AS MATERIALIZED (
  SELECT r.id, r.survey_id, s.name AS survey, s.kind, s.is_anonymous, r.relationship_id, r.person_id,
    r.rating, r.comment, r.responded_at, r.responded_at > now() - interval '180 days' AS recent
  FROM surveys_response r JOIN survey s ON s.id = r.survey_id
  WHERE r.company_id = :company AND r.responded_at >= :year::date AND r.responded_at <= now()
    AND r.state IN ('PARTIAL', 'SUBMITTED')
),
rated AS MATERIALIZED (
  SELECT rating, month, row_number() OVER w = 1 AND recent AS counts,
    lag(month) OVER w IS DISTINCT FROM month AS counts_in_month
  FROM (SELECT *, coalesce(person_id, id) AS who, date_trunc('month', responded_at)::date AS month
    FROM answer WHERE kind = 'NPS' AND rating IS NOT NULL) AS a
  WINDOW w AS (PARTITION BY who ORDER BY responded_at DESC, id DESC)
),
nps AS MATERIALIZED (
  SELECT *, round((promoters - detractors) * 100.0 / nullif(number, 0))::int AS nps FROM (
    SELECT count(*) FILTER (WHERE rating >= 9) AS promoters,
      count(*) FILTER (WHERE rating BETWEEN 7 AND 8) AS passives,
      count(*) FILTER (WHERE rating < 7) AS detractors, count(*) AS number, sum(rating) AS total
    FROM rated WHERE counts) AS t
),
item AS MATERIALIZED (
  SELECT id, key, label, color, category, position FROM picklist_item WHERE picklist LIKE 'cta.%'
),
cta AS MATERIALIZED (
  SELECT id, name, type_id, reason_id, priority_id, status_id, owner_id, due_date, is_important, is_closed,
    total_tasks, closed_tasks, coalesce(snoozed_until >= :today::date, false) AS snoozed
  FROM cockpit_cta WHERE company_id = :company
),
cockpit AS MATERIALIZED (
  SELECT count(*) FILTER (WHERE NOT is_closed AND NOT snoozed) AS open,
    count(*) FILTER (WHERE NOT is_closed AND NOT snoozed AND due_date < :today::date) AS overdue,
    count(*) FILTER (WHERE NOT is_closed AND snoozed) AS snoozed,
    count(*) FILTER (WHERE category = 'CLOSED_SUCCESS') AS won, count(*) FILTER (WHERE category = 'CLOSED_LOST') AS lost
  FROM cta JOIN item ON item.id = status_id
),
todo AS MATERIALIZED (
  SELECT key, label, color, count, position, id
  FROM (SELECT type_id, count(*) AS count FROM cta WHERE NOT is_closed AND NOT snoozed GROUP BY type_id) AS t
  JOIN item ON item.id = type_id
),
activity AS MATERIALIZED (
  SELECT id, type, subject, activity_date, duration_minutes, milestone_type, author_id
  FROM timeline_activity WHERE company_id = :company AND relationship_id IS NULL
    AND NOT is_draft AND visibility = 'PUBLIC'
),
milestone AS MATERIALIZED (
  SELECT coalesce(sum(count), 0) AS number, coalesce(json_agg(m ORDER BY label), '[]'::json) AS reached FROM (
    SELECT milestone_type AS label, count(*) AS count FROM activity WHERE milestone_type IS NOT NULL GROUP BY 1
  ) AS m
),
rel AS MATERIALIZED (
  SELECT r.*, t.key AS type_key, t.name AS type, p.label, p.color
  FROM relationship r JOIN relationship_type t ON t.id = r.type_id
  LEFT JOIN picklist_item p ON p.id = r.status_id
  WHERE r.company_id = :company
),
up AS (
  SELECT id, parent_id, 0 AS height FROM c
  UNION ALL
  SELECT p.id, p.parent_id, up.height + 1 FROM up JOIN company p ON p.id = up.parent_id
),
tree AS (
  SELECT id, parent_id, name, search_key, arr_minor, currency, 1 AS level, ARRAY[id]::text[] AS path
  FROM company WHERE id = (SELECT id FROM up ORDER BY height DESC LIMIT 1)
  UNION ALL
  SELECT k.id, k.parent_id, k.name, k.search_key, k.arr_minor, k.currency,
    tree.level + 1, tree.path || k.id::text
  FROM tree JOIN company k ON k.parent_id = tree.id
),
node AS (
  SELECT n.*, sum(b.arr_minor) AS sum,
    count(*) FILTER (WHERE b.level = n.level + 1) AS children
  FROM tree n JOIN tree b ON b.path[n.level] = n.id
  JOIN tree own ON own.id = :company
    AND (n.id = ANY (own.path) OR own.id = ANY (n.path) OR n.level > 1 AND n.parent_id = own.parent_id)
  GROUP BY n.id, n.parent_id, n.name, n.search_key, n.arr_minor, n.currency, n.level, n.path
)
SELECT json_build_object('data', json_build_object('company', json_build_object(
  'id', c.id, 'name', c.name,
  'arr', json_build_object('amount', c.arr, 'currency', c.currency),
  'renewalDate', c.renewal_date,
  'csm', json_build_object('name', c.csm_name, 'email', c.csm_email),
  'summary', json_build_object(
    'cards', json_build_array(
      json_build_object('key', 'health', 'label', 'Health', 'value', health.value,
        'trend', health.trend, 'breakdown', '[]'::json),
      json_build_object('key', 'open_ctas', 'label', 'Open CTAs', 'value', cockpit.open, 'trend', 'NONE', 'breakdown',
        coalesce((SELECT json_agg(json_build_object('label', label, 'count', count) ORDER BY position, id) FROM todo), '[]'::json)),
      json_build_object('key', 'milestones', 'label', 'Milestones', 'value', milestone.number,
        'trend', 'NONE', 'breakdown', milestone.reached),
      json_build_object('key', 'journey', 'label', 'Customer journey', 'value', c.stage_label,
        'trend', 'NONE', 'breakdown', milestone.reached),
      json_build_object('key', 'nps', 'label', 'NPS', 'value', nps.nps, 'trend', 'NONE', 'breakdown', json_build_array(
        json_build_object('label', 'Promoters', 'count', nps.promoters),
        json_build_object('label', 'Passives', 'count', nps.passives),
        json_build_object('label', 'Detractors', 'count', nps.detractors))),
      json_build_object('key', 'active_users', 'label', 'Active users', 'value', people.last,
        'trend', CASE WHEN people.last > people.before THEN 'UP'
                      WHEN people.last < people.before THEN 'DOWN' ELSE 'FLAT' END,
        'breakdown', '[]'::json),
      json_build_object('key', 'open_cases', 'label', 'Open cases', 'value', support.open,
        'trend', 'NONE',
        'breakdown', coalesce((SELECT json_agg(b ORDER BY b.label) FROM (
          SELECT coalesce(priority, 'No priority') AS label, count(*) AS count
          FROM cases WHERE NOT is_closed GROUP BY 1) AS b), '[]'::json))),
    'fields', json_build_array(
      json_build_object('path', 'status', 'label', 'Status', 'value', c.status, 'displayValue', c.status_label),
      json_build_object('path', 'industry', 'label', 'Industry', 'value', c.industry, 'displayValue', c.industry_label),
      json_build_object('path', 'arr', 'label', 'ARR', 'value', json_build_object('amount', c.arr, 'currency', c.currency), 'displayValue', c.arr || ' ' || c.currency),
      json_build_object('path', 'originalContractDate', 'label', 'Original contract date', 'value', c.original_contract_date, 'displayValue', c.original_contract_date),
      json_build_object('path', 'renewalDate', 'label', 'Renewal date', 'value', c.renewal_date, 'displayValue', c.renewal_date),
      json_build_object('path', 'lifetimeInMonths', 'label', 'Lifetime in months', 'value', c.lifetime, 'displayValue', c.lifetime::text)),
    'tags', c.tags, 'comment', c.comment),
  'attributes', json_build_object('groups', json_build_array(
    json_build_object('label', 'Account', 'fields', json_build_array(
      json_build_object('path', 'industry', 'label', 'Industry', 'type', 'PICKLIST', 'value', c.industry, 'displayValue', c.industry_label, 'editable', false),
      json_build_object('path', 'status', 'label', 'Status', 'type', 'PICKLIST', 'value', c.status, 'displayValue', c.status_label, 'editable', true),
      json_build_object('path', 'stage', 'label', 'Stage', 'type', 'PICKLIST', 'value', c.stage, 'displayValue', c.stage_label, 'editable', true),
      json_build_object('path', 'csm.name', 'label', 'CSM', 'type', 'STRING', 'value', c.csm_name, 'displayValue', c.csm_name, 'editable', false),
      json_build_object('path', 'csm.email', 'label', 'CSM email', 'type', 'EMAIL', 'value', c.csm_email, 'displayValue', c.csm_email, 'editable', false))),
    json_build_object('label', 'Contract', 'fields', json_build_array(
      json_build_object('path', 'arr', 'label', 'ARR', 'type', 'CURRENCY', 'value', json_build_object('amount', c.arr, 'currency', c.currency), 'displayValue', c.arr || ' ' || c.currency, 'editable', false),
      json_build_object('path', 'originalContractDate', 'label', 'Original contract date', 'type', 'DATE', 'value', c.original_contract_date, 'displayValue', c.original_contract_date, 'editable', false),
      json_build_object('path', 'renewalDate', 'label', 'Renewal date', 'type', 'DATE', 'value', c.renewal_date, 'displayValue', c.renewal_date, 'editable', true))))),
  'relationships', json_build_object(
    'byType', (SELECT json_agg(json_build_object(
        'type', json_build_object('key', type_key, 'name', type), 'count', count,
        'arr', json_build_object('amount', arr, 'currency', currency)) ORDER BY type_key)
      FROM (SELECT type_key, type, count(*) AS count, min(currency) AS currency,
          round(sum(arr_minor) / 100.0, 2)::text AS arr
        FROM rel GROUP BY type_key, type) AS b),
    'relationships', (SELECT json_build_object(
        'totalCount', (SELECT count(*) FROM rel),
        'pageInfo', json_build_object('hasNextPage', (SELECT count(*) > 10 FROM rel)),
        'edges', coalesce(json_agg(json_build_object('node', json_build_object(
          'id', id, 'name', name, 'type', json_build_object('name', type),
          'status', json_build_object('label', label, 'color', color),
          'arr', json_build_object('amount', round(arr_minor / 100.0, 2)::text, 'currency', currency),
          'renewalDate', renewal_date))), '[]'::json))
      FROM (SELECT * FROM rel ORDER BY search_key, id LIMIT 10) AS p)),
  'companyHierarchy', json_build_object('nodes', (SELECT json_agg(json_build_object(
      'company', json_build_object('id', id, 'name', name),
      'parentId', CASE WHEN level > 1 THEN parent_id END, 'level', level,
      'childCount', children, 'isCurrent', id = :company,
      'own', json_build_array(json_build_object('path', 'arr', 'value', json_build_object(
        'amount', round(arr_minor / 100.0, 2)::text, 'currency', currency))),
      'rolledUp', json_build_array(json_build_object('path', 'arr', 'value', json_build_object(
        'amount', round(sum / 100.0, 2)::text, 'currency', currency)))
    ) ORDER BY level, search_key, id) FROM node)),
  'support', json_build_object(
    'openCount', support.open, 'meanDaysToClose', support.days,
    'cases', json_build_object('totalCount', support.count,
      'edges', (SELECT coalesce(json_agg(json_build_object('node', json_build_object(
          'id', id, 'number', number, 'subject', subject, 'status', status,
          'isClosed', is_closed, 'priority', priority,
          'openedAt', to_char(opened_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'closedAt', to_char(closed_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')))), '[]'::json)
        FROM (SELECT * FROM cases LIMIT 10) AS s))),
  'usage', json_build_object(
    'utilization', round(people.last * 100.0 / nullif(people.entitled, 0), 1),
    'trendPercent', round((people.last - people.before) * 100.0 / nullif(people.before, 0), 1),
    'activeUsers', (SELECT ('[' || string_agg(w.head || coalesce(value::text, 'null') || w.tail, ',' ORDER BY n) || ']')::json
      FROM week AS w LEFT JOIN (
        SELECT week, count(DISTINCT person_key) AS value FROM active
        WHERE day >= :week::date GROUP BY week) AS a ON week = n),
    'modules', (SELECT json_agg(json_build_object(
        'key', m.key, 'name', m.name, 'unit', m.unit, 'total', total, 'series', series)
        ORDER BY m.position)
      FROM (SELECT module_id, sum(value) AS total FROM used GROUP BY module_id) AS t
      JOIN usage_module m ON m.id = module_id
      JOIN LATERAL (SELECT ('[' || string_agg(w.head || coalesce(value::text, 'null') || w.tail, ',' ORDER BY n) || ']')::json AS series
        FROM week AS w
        LEFT JOIN used u ON u.week = n AND u.module_id = m.id) AS s ON true)),
  'scorecard', json_build_object(
    'scorecardName', (SELECT name FROM card),
    'overall', json_build_object('value', health.value, 'label', health.label, 'color', health.color,
      'trend', health.trend, 'delta', health.delta, 'stale', health.stale),
    'groups', (SELECT coalesce(json_agg(json_build_object(
        'key', g.key, 'name', g.name, 'weight', g.weight,
        'score', json_build_object('value', g.value, 'label', g.label, 'color', g.color, 'trend', g.trend),
        'measures', coalesce(m.measures, '[]'::json)) ORDER BY g.position, g.id), '[]'::json)
      FROM score AS g LEFT JOIN (
        SELECT group_id, json_agg(json_build_object(
          'measure', json_build_object('key', key, 'name', name),
          'score', json_build_object('value', value, 'label', label, 'color', color, 'trend', trend, 'stale', stale)
        ) ORDER BY position, id) AS measures
        FROM score WHERE group_id IS NOT NULL GROUP BY group_id) AS m ON m.group_id = g.id
      WHERE g.kind = 'GROUP'),
    'history', (SELECT json_agg(json_build_object(
        'weekStart', :week::date + 7 * n, 'value', e.value, 'label', e.label, 'color', e.color) ORDER BY n)
      FROM week LEFT JOIN LATERAL (
        SELECT value, label, color FROM scorecard_event
        WHERE record_id = :company AND node_id = health.id AND day < :week::date + 7 * n + 7
        ORDER BY day DESC, number DESC LIMIT 1) AS e ON true)),
  'surveys', json_build_object(
    'nps', nps.nps, 'dialMode', 'NPS', 'averageRating', round(nps.total * 1.0 / nullif(nps.number, 0), 1),
    'marginOfError', round((sqrt(nps.promoters + nps.detractors - (nps.promoters - nps.detractors) ^ 2
      / nullif(nps.number, 0)) * 196 / nps.number)::numeric, 1),
    'lowSample', nps.number < 5, 'responseCount', nps.number,
    'promoters', nps.promoters, 'passives', nps.passives, 'detractors', nps.detractors,
    'trend', (SELECT json_agg(json_build_object('month', m.month::date, 'nps', r.nps, 'responseCount', coalesce(r.number, 0)) ORDER BY m.month)
      FROM generate_series(:year::date, :month::date, interval '1 month') AS m(month) LEFT JOIN (
        SELECT month, count(*) AS number, round((count(*) FILTER (WHERE rating >= 9)
          - count(*) FILTER (WHERE rating < 7)) * 100.0 / count(*))::int AS nps
        FROM rated WHERE counts_in_month GROUP BY month) AS r ON r.month = m.month),
    'responses', json_build_object('totalCount', (SELECT count(*) FROM answer WHERE recent),
      'edges', (SELECT coalesce(json_agg(json_build_object('node', json_build_object(
          'id', a.id, 'survey', survey, 'rating', rating,
          'comment', CASE WHEN comment IS NULL OR NOT is_anonymous OR 3 <= (SELECT count(*) FROM surveys_response AS o
            WHERE o.survey_id = a.survey_id AND o.company_id = :company AND state IN ('PARTIAL', 'SUBMITTED')
              AND o.relationship_id IS NOT DISTINCT FROM a.relationship_id) THEN comment END,
          'respondedAt', to_char(responded_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'person', CASE WHEN p.id IS NOT NULL THEN json_build_object('name', p.name) END))
          ORDER BY responded_at DESC, a.id), '[]'::json)
        FROM (SELECT * FROM answer WHERE recent ORDER BY responded_at DESC, id LIMIT 5) AS a
        LEFT JOIN person p ON p.id = a.person_id))),
  'cockpit', json_build_object(
    'openCount', cockpit.open, 'overdueCount', cockpit.overdue, 'snoozedCount', cockpit.snoozed,
    'successRate', round(cockpit.won * 1.0 / nullif(cockpit.won + cockpit.lost, 0), 4),
    'openByType', coalesce((SELECT json_agg(json_build_object(
        'type', json_build_object('key', key, 'label', label, 'color', color), 'count', count) ORDER BY position, id)
      FROM todo), '[]'::json),
    'ctas', json_build_object('totalCount', cockpit.open,
      'pageInfo', json_build_object('hasNextPage', cockpit.open > 10),
      'edges', (SELECT coalesce(json_agg(json_build_object('node', json_build_object(
          'id', a.id, 'name', a.name,
          'type', json_build_object('label', t.label, 'color', t.color),
          'reason', CASE WHEN r.id IS NOT NULL THEN json_build_object('label', r.label) END,
          'priority', json_build_object('label', p.label, 'color', p.color),
          'status', json_build_object('label', s.label, 'color', s.color),
          'owner', json_build_object('name', u.name),
          'dueDate', due_date, 'isImportant', is_important,
          'daysUntilClose', due_date - :today::date, 'daysPastDue', greatest(:today::date - due_date, 0),
          'percentComplete', CASE WHEN total_tasks > 0 THEN round(closed_tasks * 100.0 / total_tasks, 2) ELSE 0 END,
          'totalTaskCount', total_tasks, 'closedTaskCount', closed_tasks, 'openTaskCount', total_tasks - closed_tasks))
          ORDER BY due_date, a.id), '[]'::json)
        FROM (SELECT * FROM cta WHERE NOT is_closed AND NOT snoozed ORDER BY due_date, id LIMIT 10) AS a
        JOIN item t ON t.id = a.type_id JOIN item p ON p.id = a.priority_id JOIN item s ON s.id = a.status_id
        LEFT JOIN item r ON r.id = a.reason_id JOIN app_user u ON u.id = a.owner_id))),
  'timeline', json_build_object('activities', (SELECT json_build_object(
      'totalCount', (SELECT count(*) FROM activity),
      'pageInfo', json_build_object('hasNextPage', (SELECT count(*) > 10 FROM activity)),
      'edges', coalesce(json_agg(json_build_object('node', json_build_object(
        'id', a.id, 'type', type, 'subject', subject,
        'activityDate', to_char(activity_date, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'durationMinutes', duration_minutes, 'milestoneType', milestone_type,
        'author', json_build_object('name', u.name),
        'internalAttendees', coalesce(t.internal, '[]'::json), 'externalAttendees', coalesce(t.external, '[]'::json),
        'comments', coalesce((SELECT json_agg(json_build_object('id', id) ORDER BY created_at, id) FROM timeline_comment WHERE activity_id = a.id), '[]'::json)))
        ORDER BY activity_date DESC, a.id DESC), '[]'::json))
    FROM (SELECT * FROM activity ORDER BY activity_date DESC, id DESC LIMIT 10) AS a
    JOIN app_user u ON u.id = a.author_id
    JOIN LATERAL (
      SELECT json_agg(json_build_object('name', u.name) ORDER BY u.name, u.id) FILTER (WHERE kind = 'INTERNAL') AS internal,
        json_agg(json_build_object('name', p.name) ORDER BY p.search_key, p.id) FILTER (WHERE kind = 'EXTERNAL') AS external
      FROM timeline_attendee AS t LEFT JOIN app_user u ON u.id = t.user_id LEFT JOIN person p ON p.id = t.person_id
      WHERE activity_id = a.id AND kind <> 'AUTHOR') AS t ON true
))
)))::text
FROM c, support, people, health, nps, cockpit, milestone
