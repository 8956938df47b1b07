"""Images as data: files, archives, arrays and named data sets, all as uint8 N x 3 x H x W by number.

>>> from ganprobe.data import open_data
>>> faces = open_data("toyfaces", limit=10)
>>> faces.read(range(2)).shape
(2, 3, 64, 64)
"""

from ganprobe.data.arrays import array_images
from ganprobe.data.datasets import DATASETS, find_cifar10, is_image_data, open_data, open_toyfaces
from ganprobe.data.images import Images

__all__ = ["DATASETS", "Images", "array_images", "find_cifar10", "is_image_data", "open_data", "open_toyfaces"]
