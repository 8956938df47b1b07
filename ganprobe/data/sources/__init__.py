"""Where encoded images lie: folders, archives, and the formats of training pipelines, each read by its own library."""
