-- The sum and the number of the readings of each region in each second.
-- rule: S1 S3 S6
SELECT region, time_ms - (time_ms % 1000 + 1000) % 1000 AS second_ms,
  SUM(CAST(reading AS DECIMAL(38, 0))) AS reading_sum, COUNT(*) AS readings
FROM records
GROUP BY region, time_ms - (time_ms % 1000 + 1000) % 1000
