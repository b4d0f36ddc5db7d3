-- The page is cut before anything is joined to it.
SELECT json_build_object('data', json_build_object('companies', json_build_object('edges',
  coalesce(json_agg(json_build_object('node', json_build_object(
    'id', c.id, 'name', c.name,
    'status', CASE WHEN st.id IS NOT NULL THEN json_build_object('label', st.label, 'color', st.color) END,
    'stage', CASE WHEN sg.id IS NOT NULL THEN json_build_object('label', sg.label) END,
    'industry', CASE WHEN i.id IS NOT NULL THEN json_build_object('label', i.label) END,
    'arr', CASE WHEN arr_minor IS NOT NULL THEN json_build_object(
      'amount', round(arr_minor / 100.0, 2)::text, 'currency', currency) END,
    'renewalDate', renewal_date, 'originalContractDate', original_contract_date,
    'lifetimeInMonths', (extract(year FROM age(:today::date, original_contract_date)) * 12
      + extract(month FROM age(:today::date, original_contract_date)))::int,
    'csm', CASE WHEN u.id IS NOT NULL THEN json_build_object('name', u.name) END,
    'employees', employees, 'managedAs', managed_as)) ORDER BY search_key, c.id), '[]'::json)
)))::text
FROM (SELECT * FROM company ORDER BY search_key, id LIMIT 100) AS c
LEFT JOIN picklist_item st ON st.id = c.status_id
LEFT JOIN picklist_item sg ON sg.id = c.stage_id
LEFT JOIN picklist_item i ON i.id = c.industry_id
LEFT JOIN app_user u ON u.id = c.csm_id
