-- The customers whose total is above the threshold.
-- rule: O1 O8
SELECT customer, SUM(CAST(amount_cents AS DECIMAL(38, 0))) AS sum_cents, COUNT(*) AS records
FROM in_force
GROUP BY customer
-- rule: O9
HAVING SUM(CAST(amount_cents AS DECIMAL(38, 0))) > :big_above
