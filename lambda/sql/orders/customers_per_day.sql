-- How many customers have a record in force on each day.
-- rule: O15
SELECT day_ms, COUNT(DISTINCT customer) AS customers
FROM in_force
GROUP BY day_ms
