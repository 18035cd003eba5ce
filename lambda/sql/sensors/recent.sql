-- The readings of each region in the ten seconds that end with its newest second.
-- rule: S4
WITH newest AS (
  SELECT region, MAX(time_ms - (time_ms % 1000 + 1000) % 1000) AS second_ms FROM records GROUP BY region
)
SELECT r.region, SUM(CAST(r.reading AS DECIMAL(38, 0))) AS reading_sum, COUNT(*) AS readings
FROM newest n
JOIN records r ON r.region = n.region
WHERE r.time_ms >= n.second_ms - 9000
GROUP BY r.region
