-- The latest trades of each symbol, the latest first: what a last price can lose.
-- rule: T12
SELECT symbol, time_ms, partition, position, price_e8, nth
FROM (
  SELECT symbol, time_ms, partition, position, price_e8,
    ROW_NUMBER() OVER (PARTITION BY symbol ORDER BY time_ms DESC, partition DESC, position DESC) AS nth
  FROM in_force
) ranked
WHERE nth <= :latest
