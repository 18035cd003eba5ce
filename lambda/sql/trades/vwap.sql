-- Volume-weighted mean price of each symbol on each day, as a sum over a sum.
-- rule: T1 T8 T13
SELECT symbol, day_ms,
  SUM(CAST(CAST(price_e8 AS DECIMAL(19, 0)) * CAST(volume_e8 AS DECIMAL(19, 0)) AS DECIMAL(38, 0)))
    AS price_volume_sum_e16,
  SUM(CAST(volume_e8 AS DECIMAL(38, 0))) AS volume_sum_e8
FROM in_force
GROUP BY symbol, day_ms
