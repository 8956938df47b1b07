"""What a report shows, as data: tables, comparisons, sweeps, pictures."""
