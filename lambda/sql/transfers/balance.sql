-- The credits of each account less its debits.
-- rule: F1 F3 F5 F6
SELECT account, SUM(amount) AS balance
FROM (
  SELECT credited AS account, CAST(amount AS DECIMAL(38, 0)) AS amount FROM records
  UNION ALL
  SELECT debited AS account, 0 - CAST(amount AS DECIMAL(38, 0)) AS amount FROM records
) sides
GROUP BY account
