"""The networks that published metrics are defined on: Inception, VGG16, LPIPS; their weights pinned by hash."""
