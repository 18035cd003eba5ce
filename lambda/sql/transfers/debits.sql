-- The sum and the number of the debits of each account.
-- rule: F1 F2 F5 F6
SELECT debited, SUM(CAST(amount AS DECIMAL(38, 0))) AS sum, COUNT(*) AS transfers
FROM records
GROUP BY debited
