-- What the marks leave of the records. Kinds: 1 placed, 2 cancelled, 3 corrected.
SELECT r.customer, r.time_ms,
  r.time_ms - (r.time_ms % 86400000 + 86400000) % 86400000 AS day_ms,
  COALESCE(d.amount_cents, r.amount_cents) AS amount_cents
FROM decided d
RIGHT JOIN (SELECT * FROM records WHERE kind = 1) r ON r.partition = d.partition AND r.position = d.position
-- rule: O2 O4
WHERE d.kind IS NULL OR d.kind = 3
