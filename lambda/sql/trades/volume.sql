-- Volume of each symbol on each day.
-- rule: T1 T8 T9
SELECT symbol, day_ms, SUM(CAST(volume_e8 AS DECIMAL(38, 0))) AS volume_e8, COUNT(*) AS trades
FROM in_force
GROUP BY symbol, day_ms
