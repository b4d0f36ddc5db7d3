"""10,000 companies with all that six sections read, made inside PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

COMPANIES = 10_000


def statements(companies: int = COMPANIES) -> Iterator[str]:
    """SQL that fills a migrated database; the same rows for the same day."""
    many = f"generate_series(1, {companies}) AS n"
    yield """INSERT INTO app_user (id, email, name, active, title, attributes, created_at)
        SELECT 'user_' || n, 'csm' || n || '@example.com', 'CSM ' || n, true, 'CSM',
               '{}', now() FROM generate_series(1, 20) AS n"""
    yield """INSERT INTO user_group_member (group_id, user_id, by_hand, by_rule)
        SELECT g.id, 'user_1', true, false FROM user_group g WHERE g.key = 'csm'"""
    yield """INSERT INTO relationship_type (id, key, name)
        SELECT 'relationship_type_' || k, k, initcap(k)
        FROM unnest(ARRAY['platform', 'module', 'services']) AS k"""
    yield """INSERT INTO picklist_item (id, picklist, key, label, active, position)
        SELECT 'picklist_item_' || k, 'company.industry', k, initcap(k), true, 0
        FROM unnest(ARRAY['energy', 'retail', 'software']) AS k"""
    yield f"""INSERT INTO company (id, name, search_key, arr_minor, currency, renewal_date,
            original_contract_date, tags, custom, version, created_at, updated_at, status_id,
            stage_id, csm_id, managed_as, industry_id, employees, parent_id, comment)
        SELECT 'company_' || n, 'Company ' || n, 'company ' || n, 100000 * (n % 97), 'USD',
            current_date + n % 365, current_date - 400 - n % 900,
            '["reference", "beta"]', '{{}}', 1, now(), now(),
            (SELECT id FROM picklist_item WHERE picklist = 'company.status'
             AND key = 'active'),
            (SELECT id FROM picklist_item WHERE picklist = 'company.stage'
             AND key = 'adopting'),
            'user_' || (1 + n % 20), 'CUSTOMER',
            'picklist_item_' || (ARRAY['energy', 'retail', 'software'])[1 + n % 3],
            n % 5000,
            CASE WHEN (n - 1) % 10 = 0 THEN NULL
                 WHEN (n - 1) % 10 < 4 THEN 'company_' || (n - (n - 1) % 10)
                 ELSE 'company_' || (n - (n - 1) % 10 + 1 + ((n - 1) % 10 - 4) / 2) END,
            'A remark that somebody wrote about company ' || n
        FROM {many}"""
    yield f"""INSERT INTO relationship (id, name, search_key, company_id, type_id, arr_minor,
            currency, renewal_date, tags, custom, version, created_at, updated_at, status_id,
            csm_id)
        SELECT 'relationship_' || n || '_' || r, 'Part ' || r || ' of ' || n,
            'part ' || r || ' of ' || n, 'company_' || n,
            'relationship_type_' || (ARRAY['platform', 'module', 'services'])[1 + r % 3],
            20000 * (n % 97) + r, 'USD', current_date + 30 * r, '[]', '{{}}', 1, now(),
            now(), (SELECT id FROM picklist_item
                    WHERE picklist = 'relationship.status' AND key = 'active'),
            'user_' || (1 + n % 20)
        FROM {many}, generate_series(1, 5) AS r"""
    yield f"""INSERT INTO support_case (id, company_id, number, subject, status, is_closed,
            priority, opened_at, closed_at, escalated, updated_at)
        SELECT 'case_' || n || '_' || c, 'company_' || n, n || '-' || c,
            'Something does not work', CASE WHEN c > 2 THEN 'Closed' ELSE 'New' END, c > 2,
            (ARRAY['Low', 'Medium', 'High'])[1 + c % 3],
            date_trunc('day', now()) - (c * 9 + n % 7) * interval '1 day',
            CASE WHEN c > 2 THEN date_trunc('day', now())
                 - (c * 9 + n % 7 - 3) * interval '1 day' END,
            false, now()
        FROM {many}, generate_series(1, 12) AS c"""
    yield """INSERT INTO usage_module (id, key, name, unit, aggregation, position)
        SELECT 'module_' || m, 'module' || m, 'Module ' || m, 'sessions', 'SUM', m
        FROM generate_series(1, 4) AS m"""
    yield f"""INSERT INTO usage_daily (id, company_id, module_id, day, value)
        SELECT 'usage_' || n || '_' || m || '_' || d, 'company_' || n, 'module_' || m,
            current_date - 7 * d, (n + m + d) % 50
        FROM {many}, generate_series(1, 4) AS m, generate_series(0, 11) AS d"""
    yield f"""INSERT INTO usage_active_day (id, company_id, person_key, day)
        SELECT 'active_' || n || '_' || p || '_' || d, 'company_' || n, 'person' || p,
            current_date - 7 * d - p
        FROM {many}, generate_series(1, 5) AS p, generate_series(0, 11) AS d"""
    yield f"""INSERT INTO usage_entitlement (id, company_id, quantity, modules, starts_on)
        SELECT 'entitlement_' || n, 'company_' || n, 10, 4, current_date - 500
        FROM {many}"""
    yield "ANALYZE"
