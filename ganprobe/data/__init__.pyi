from .arrays import array_images as array_images
from .datasets import DATASETS as DATASETS
from .datasets import find_cifar10 as find_cifar10
from .datasets import is_image_data as is_image_data
from .datasets import open_data as open_data
from .datasets import open_toyfaces as open_toyfaces
from .images import Images as Images
