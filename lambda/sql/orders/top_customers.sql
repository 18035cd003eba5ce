-- The ten customers who have spent most.
-- rule: O1 O8
SELECT customer, SUM(CAST(amount_cents AS DECIMAL(38, 0))) AS sum_cents, COUNT(*) AS records
FROM in_force
GROUP BY customer
-- rule: O16
ORDER BY sum_cents DESC, customer
LIMIT 10
