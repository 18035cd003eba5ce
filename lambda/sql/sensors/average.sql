-- The sum and the number of all readings of each region.
-- rule: S1 S2
SELECT region, SUM(CAST(reading AS DECIMAL(38, 0))) AS reading_sum, COUNT(*) AS readings
FROM records
GROUP BY region
