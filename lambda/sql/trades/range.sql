-- Lowest and highest price of each symbol on each day.
-- rule: T1 T8 T10
SELECT symbol, day_ms, MIN(price_e8) AS min_e8, MAX(price_e8) AS max_e8
FROM in_force
GROUP BY symbol, day_ms
