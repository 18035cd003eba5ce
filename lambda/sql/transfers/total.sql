-- The sum of all balances.
-- rule: F4
SELECT 'all' AS everybody, SUM(balance) AS balance
FROM (
  SELECT account, SUM(amount) AS balance
  FROM (
    SELECT credited AS account, CAST(amount AS DECIMAL(38, 0)) AS amount FROM records
    UNION ALL
    SELECT debited AS account, 0 - CAST(amount AS DECIMAL(38, 0)) AS amount FROM records
  ) sides
  GROUP BY account
) accounts
-- rule: F6
HAVING COUNT(*) > 0
