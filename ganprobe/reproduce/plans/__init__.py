"""What a reproduction is to do: tables, budgets and data as they are declared, and the rows that follow."""
