"""Classification accuracy score: a classifier trained on generated images, tested on real ones."""
