"""One step: what is drawn, generated and judged in each of its updates, and the terms of the losses."""
