-- What everybody together has spent.
-- rule: O11
SELECT 'all' AS everybody, SUM(CAST(amount_cents AS DECIMAL(38, 0))) AS sum_cents, COUNT(*) AS records
FROM in_force
-- rule: O8
HAVING COUNT(*) > 0
