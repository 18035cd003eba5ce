-- Latest trade of each symbol, and its change from the latest earlier one with another price.
-- rule: T8 T12
WITH newest AS (
  SELECT symbol, MAX(time_ms) AS time_ms FROM in_force GROUP BY symbol
),
latest AS (
  SELECT symbol, price_e8, time_ms
  FROM (
    SELECT t.symbol, t.price_e8, t.time_ms,
      ROW_NUMBER() OVER (PARTITION BY t.symbol ORDER BY t.partition DESC, t.position DESC) AS nth
    FROM newest n
    JOIN in_force t ON t.symbol = n.symbol AND t.time_ms = n.time_ms
  ) ranked
  WHERE nth = 1
),
-- Nothing is later than the latest, so that whatever has another price is earlier.
other AS (
  SELECT t.symbol, MAX(t.time_ms) AS time_ms
  FROM latest l
  JOIN in_force t ON t.symbol = l.symbol
  WHERE t.price_e8 <> l.price_e8
  GROUP BY t.symbol
),
previous AS (
  SELECT symbol, price_e8
  FROM (
    SELECT t.symbol, t.price_e8,
      ROW_NUMBER() OVER (PARTITION BY t.symbol ORDER BY t.partition DESC, t.position DESC) AS nth
    FROM other o
    JOIN latest l ON l.symbol = o.symbol
    JOIN in_force t ON t.symbol = o.symbol AND t.time_ms = o.time_ms
    WHERE t.price_e8 <> l.price_e8
  ) ranked
  WHERE nth = 1
)
SELECT l.symbol, l.price_e8,
  COALESCE(CAST(l.price_e8 AS DECIMAL(20, 0)) - CAST(p.price_e8 AS DECIMAL(20, 0)), 0) AS change_e8,
  COALESCE((CAST(l.price_e8 AS DECIMAL(20, 0)) - CAST(p.price_e8 AS DECIMAL(20, 0))) * 100, 0) AS percent_over,
  COALESCE(p.price_e8, 1) AS percent_under,
  l.time_ms
FROM latest l
LEFT JOIN previous p ON p.symbol = l.symbol
