-- What the marks leave of the trades. Kinds: 1 traded, 2 busted, 3 corrected.
SELECT r.symbol, r.partition, r.position, r.time_ms,
  -- rule: T1
  r.time_ms - (r.time_ms % 86400000 + 86400000) % 86400000 AS day_ms,
  -- rule: T16
  r.time_ms - (r.time_ms % 3600000 + 3600000) % 3600000 AS hour_ms,
  COALESCE(d.price_e8, r.price_e8) AS price_e8, COALESCE(d.volume_e8, r.volume_e8) AS volume_e8
FROM decided d
RIGHT JOIN (SELECT * FROM records WHERE kind = 1) r ON r.partition = d.partition AND r.position = d.position
-- rule: T2 T4
WHERE d.kind IS NULL OR d.kind = 3
