-- :month, :last, :before: first days of this month and of the two before it.
WITH
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
open AS MATERIALIZED (
  SELECT coalesce(priority, 'No priority') AS label, count(*) AS count
  FROM support_case WHERE company_id = :company AND NOT is_closed GROUP BY 1
),
health AS MATERIALIZED (
  SELECT max(value) AS value, coalesce(max(CASE WHEN before IS NULL THEN 'NEW'
    WHEN abs(value - before) <= dead_band THEN 'FLAT' WHEN value > before THEN 'UP' ELSE 'DOWN' END), 'NONE') AS trend
  FROM (
    SELECT s.value, CASE WHEN s.base_until <= :today::date THEN s.value ELSE s.base END AS before, k.dead_band
    FROM scorecard_card k JOIN scorecard_node n ON n.card_id = k.id AND n.kind = 'OVERALL'
    JOIN scorecard_score s ON s.node_id = n.id AND s.record_id = :company
    WHERE s.value IS NOT NULL AND k.id = coalesce(
      (SELECT card_id FROM scorecard_assignment WHERE record_id = :company),
      (SELECT id FROM scorecard_card WHERE record_kind = 'COMPANY' AND is_default ORDER BY rank, id LIMIT 1))
  ) AS s
),
nps AS MATERIALIZED (
  SELECT count(*) FILTER (WHERE rating >= 9) AS promoters,
    count(*) FILTER (WHERE rating BETWEEN 7 AND 8) AS passives,
    count(*) FILTER (WHERE rating < 7) AS detractors, count(*) AS number
  FROM (
    SELECT DISTINCT ON (coalesce(r.person_id, r.id)) r.rating
    FROM surveys_survey s JOIN surveys_response r ON r.survey_id = s.id
    WHERE s.kind = 'NPS' AND r.company_id = :company AND r.rating IS NOT NULL
      AND r.responded_at > now() - interval '180 days' AND r.responded_at <= now()
      AND r.state IN ('PARTIAL', 'SUBMITTED') AND (NOT s.is_anonymous OR 5 <= (
        SELECT count(*) FROM surveys_response WHERE survey_id = s.id AND company_id = :company))
    ORDER BY coalesce(r.person_id, r.id), r.responded_at DESC, r.id DESC
  ) AS r
),
todo AS MATERIALIZED (
  SELECT i.label, i.position, i.id, t.count
  FROM (
    SELECT type_id, count(*) AS count FROM cockpit_cta WHERE company_id = :company AND NOT is_closed
      AND (snoozed_until IS NULL OR snoozed_until < :today::date) GROUP BY type_id
  ) AS t JOIN picklist_item i ON i.id = t.type_id
),
milestone AS MATERIALIZED (
  SELECT coalesce(sum(count), 0) AS number, coalesce(json_agg(m ORDER BY label), '[]'::json) AS reached FROM (
    SELECT milestone_type AS label, count(*) AS count FROM timeline_activity
    WHERE company_id = :company AND relationship_id IS NULL AND NOT is_draft AND visibility = 'PUBLIC'
      AND milestone_type IS NOT NULL GROUP BY 1
  ) AS m
),
people AS MATERIALIZED (
  SELECT count(DISTINCT person_key) FILTER (WHERE day >= :last::date) AS last,
    count(DISTINCT person_key) FILTER (WHERE day < :last::date) AS before
  FROM usage_active_day WHERE company_id = :company AND day >= :before::date AND day < :month::date
)
SELECT json_build_object('data', json_build_object('company', json_build_object(
  'id', c.id, 'name', c.name,
  'summary', json_build_object(
    'cards', json_build_array(
      json_build_object('key', 'health', 'label', 'Health', 'value', health.value,
        'trend', health.trend, 'breakdown', '[]'::json),
      json_build_object('key', 'open_ctas', 'label', 'Open CTAs', 'value', (SELECT coalesce(sum(count), 0) FROM todo),
        'trend', 'NONE', 'breakdown', coalesce((
          SELECT json_agg(json_build_object('label', label, 'count', count) ORDER BY position, id) FROM todo), '[]'::json)),
      json_build_object('key', 'milestones', 'label', 'Milestones', 'value', milestone.number,
        'trend', 'NONE', 'breakdown', milestone.reached),
      json_build_object('key', 'journey', 'label', 'Customer journey', 'value', c.stage_label,
        'trend', 'NONE', 'breakdown', milestone.reached),
      json_build_object('key', 'nps', 'label', 'NPS',
        'value', round((nps.promoters - nps.detractors) * 100.0 / nullif(nps.number, 0))::int,
        'trend', 'NONE', 'breakdown', json_build_array(
          json_build_object('label', 'Promoters', 'count', nps.promoters),
          json_build_object('label', 'Passives', 'count', nps.passives),
          json_build_object('label', 'Detractors', 'count', nps.detractors))),
      json_build_object('key', 'active_users', 'label', 'Active users', 'value', people.last,
        'trend', CASE WHEN people.last > people.before THEN 'UP'
                      WHEN people.last < people.before THEN 'DOWN' ELSE 'FLAT' END,
        'breakdown', '[]'::json),
      json_build_object('key', 'open_cases', 'label', 'Open cases', 'value', (SELECT coalesce(sum(count), 0) FROM open),
        'trend', 'NONE',
        'breakdown', coalesce((SELECT json_agg(open ORDER BY label) FROM open), '[]'::json))),
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
      json_build_object('path', 'renewalDate', 'label', 'Renewal date', 'type', 'DATE', 'value', c.renewal_date, 'displayValue', c.renewal_date, 'editable', true)))))
)))::text
FROM c, people, health, nps, milestone
