-- What each customer has spent in records that reach the threshold.
-- rule: O1 O8
SELECT customer, SUM(CAST(amount_cents AS DECIMAL(38, 0))) AS sum_cents, COUNT(*) AS records
FROM in_force
-- rule: O10
WHERE amount_cents >= :large_from
GROUP BY customer
