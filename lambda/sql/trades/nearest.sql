-- The lowest and the highest prices of each symbol and day, and how many trades have each: what a range can lose.
-- rule: T10
SELECT symbol, day_ms, price_e8, trades, low, high
FROM (
  SELECT symbol, day_ms, price_e8, trades,
    ROW_NUMBER() OVER (PARTITION BY symbol, day_ms ORDER BY price_e8) AS low,
    ROW_NUMBER() OVER (PARTITION BY symbol, day_ms ORDER BY price_e8 DESC) AS high
  FROM (
    SELECT symbol, day_ms, price_e8, COUNT(*) AS trades FROM in_force GROUP BY symbol, day_ms, price_e8
  ) prices
) ranked
WHERE low <= :nearest OR high <= :nearest
