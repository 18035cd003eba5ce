-- Volume of each symbol in each hour.
-- rule: T8 T9 T16
SELECT symbol, hour_ms, SUM(CAST(volume_e8 AS DECIMAL(38, 0))) AS volume_e8, COUNT(*) AS trades
FROM in_force
GROUP BY symbol, hour_ms
