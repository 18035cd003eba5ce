-- Twice the median amount of each day: one middle counts twice, or two middles once each.
-- rule: O17
SELECT day_ms,
  SUM(CAST(amount_cents AS DECIMAL(38, 0)) * CASE WHEN records % 2 = 1 THEN 2 ELSE 1 END) AS twice_median_cents,
  MAX(records) AS records
FROM (
  SELECT day_ms, amount_cents,
    ROW_NUMBER() OVER (PARTITION BY day_ms ORDER BY amount_cents) AS nth,
    COUNT(*) OVER (PARTITION BY day_ms) AS records
  FROM in_force
) ranked
WHERE 2 * nth BETWEEN records AND records + 2
GROUP BY day_ms
