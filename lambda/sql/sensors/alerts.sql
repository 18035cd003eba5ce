-- The alerts of each region: what is above 30 raises one, unless one stands that nothing below 29 has cleared.
-- rule: S5 S6
WITH per_second AS (
  SELECT region, time_ms - (time_ms % 1000 + 1000) % 1000 AS second_ms,
    SUM(CAST(reading AS DECIMAL(28, 0))) AS reading_sum, COUNT(*) AS readings
  FROM records
  GROUP BY region, time_ms - (time_ms % 1000 + 1000) % 1000
),
ten_seconds AS (
  SELECT region, second_ms,
    SUM(reading_sum) OVER (
      PARTITION BY region ORDER BY second_ms RANGE BETWEEN 9000 PRECEDING AND CURRENT ROW) AS reading_sum,
    SUM(readings) OVER (
      PARTITION BY region ORDER BY second_ms RANGE BETWEEN 9000 PRECEDING AND CURRENT ROW) AS readings
  FROM per_second
),
-- Seconds that neither raise nor clear leave whatever stands.
crossings AS (
  SELECT region, second_ms, reading_sum, readings,
    CASE WHEN reading_sum > 30 * readings THEN 1 ELSE 0 END AS raises
  FROM ten_seconds
  WHERE reading_sum > 30 * readings OR reading_sum < 29 * readings
),
changes AS (
  SELECT region, second_ms, reading_sum, readings, raises,
    LAG(raises) OVER (PARTITION BY region ORDER BY second_ms) AS raised
  FROM crossings
)
SELECT region, second_ms, reading_sum, readings
FROM changes
WHERE raises = 1 AND (raised IS NULL OR raised = 0)
