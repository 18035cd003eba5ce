-- What each customer has spent in records that reach the threshold.
-- rule: O1 O8
SELECT customer,
  -- rule: O10
  SUM(CASE WHEN amount_cents >= :large_from THEN CAST(amount_cents AS DECIMAL(38, 0)) ELSE 0 END) AS sum_cents,
  SUM(CASE WHEN amount_cents >= :large_from THEN 1 ELSE 0 END) AS records
FROM in_force
GROUP BY customer
-- Not WHERE: DataFusion 55.2 applies such a filter to the amounts before they are corrected.
HAVING MAX(amount_cents) >= :large_from
