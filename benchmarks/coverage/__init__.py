"""How often nominal 95% intervals hold: `python -m benchmarks.coverage --write` makes the table of docs/precision.md.

A row is a metric (or several names of one estimator), a distribution and numbers of samples. Each replicate draws two
generators of one distribution and one reference, and reads both. Asked is how often the interval holds the truth, what
share of the true deviation it states, and how often `compare` would tell the two alike generators apart: against one
reference, and against a reference each.

To add a row, put a `Row` into a module of `benchmarks/coverage/rows`, and the module into `ROWS` (rows/__init__.py):

    Row(
        metrics=("fd", "fid"),                      # the first is measured at full size, all of them in the suite
        drawn="t5 features, d = 8",                 # the distribution, in words
        n=1000,
        m=1000,                                     # of the reference
        twins=images(features(student(8)), features(student(8)), 1000, 1000),
        truth=closed(1.5),                          # none: the mean of all replicates' values, at this n
        suite=40,                                   # replicates in the suite; 0: at full size alone
    )

`twins` is any function of (specification, random generator) that gives the two estimates: `images` draws columns for
both sides, `scored` (twins.py) draws latents and scores of them, and what fits neither writes its own. `truth` is a
function that gives the value and its standard error. A metric that states no interval here by design says why in
`unstated`, and the harness checks that it states none. tests/benchmarks/test_coverage.py runs every metric of the
catalogue by its rows with `suite` above 0, and fails for one that has none.
"""
