-- The latest trades of each symbol at each of its latest prices, the latest first: what a last price can lose. One price
-- more is listed than can be lost, so that it is seen that there are more.
-- rule: T12
WITH ranked AS (
  SELECT symbol, time_ms, partition, position, price_e8,
    ROW_NUMBER() OVER (
      PARTITION BY symbol, price_e8 ORDER BY time_ms DESC, partition DESC, position DESC
    ) AS nth
  FROM in_force
),
prices AS (
  SELECT symbol, price_e8,
    ROW_NUMBER() OVER (PARTITION BY symbol ORDER BY time_ms DESC, partition DESC, position DESC) AS newest
  FROM ranked
  WHERE nth = 1
)
SELECT r.symbol, r.time_ms, r.partition, r.position, r.price_e8, r.nth
FROM ranked r
JOIN prices p ON p.symbol = r.symbol AND p.price_e8 = r.price_e8
WHERE r.nth <= :latest AND p.newest <= :nearest + 1
