-- Mean price and mean volume of each symbol, as sums over a count.
-- rule: T8 T11
SELECT symbol, SUM(CAST(price_e8 AS DECIMAL(38, 0))) AS price_sum_e8,
  SUM(CAST(volume_e8 AS DECIMAL(38, 0))) AS volume_sum_e8, COUNT(*) AS trades
FROM in_force
GROUP BY symbol
