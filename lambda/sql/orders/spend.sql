-- What each customer has spent, and in how many records.
-- rule: O1 O8
SELECT customer, SUM(CAST(amount_cents AS DECIMAL(38, 0))) AS sum_cents, COUNT(*) AS records
FROM in_force
GROUP BY customer
