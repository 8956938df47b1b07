"""From the words of a call to a training run: what is read, what is refused, and what is said of it."""

import numpy as np
import pytest
from PIL import Image

from ganprobe.core.errors import DataError, InputError
from ganprobe.engine.training.train import TrainCall, train

SMALL = {
    "images": 8,
    "batch": 4,
    "tensorboard": False,
    "network": {"z_dim": 4, "w_dim": 4, "mapping_layers": 1, "channel_base": 16, "channel_max": 4},
}


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, pixels in enumerate(np.random.default_rng(0).integers(0, 256, (9, 8, 8, 3), dtype=np.uint8)):
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def call(photos, given=SMALL, **options):
    return TrainCall(data=str(photos), out=photos.parent / "run", given=given, **options)


def test_a_call_trains_and_names_what_it_wrote(photos):
    trained = train("stylegan", call(photos))
    assert trained.path.is_file()
    assert trained.skipped == ()


def test_unreadable_images_are_passed_over_where_that_is_asked(photos):
    (photos / "3.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"3\.png cannot be read"):
        train("stylegan", call(photos))
    assert not (photos.parent / "run").exists()
    trained = train("stylegan", call(photos, skip_unreadable=True))
    assert trained.skipped == (str(photos / "3.png"),)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"batch": "many"}, "batch must be of the kind int, got 'many'"),
        ({"batch": True}, "batch must be of the kind int, got True"),
        ({"flips": 1}, "flips must be of the kind bool, got 1"),
        ({"max_hours": "long"}, "max_hours must be of the kind float"),
        ({"device": "abacus"}, "device 'abacus' is not known"),
        ({"growing": 8}, "growing is like"),
        ({"growing": {"start": "8"}}, "start must be of the kind int, got '8'"),
        ({"network": {**SMALL["network"], "z_dim": 1.5}}, "z_dim must be of the kind int, got 1.5"),
        ({"discriminator_network": {"minibatch_group": "4"}}, "minibatch_group must be of the kind int, got '4'"),
        ({"network": {**SMALL["network"], "resolution": 16}}, "resolution 16 was asked for and the images have 8"),
        ({"network": {**SMALL["network"], "num_classes": 3}}, "3 classes were asked for and the data has 0"),
        ({"frobs": 1}, "unknown training setting 'frobs'"),
    ],
)
def test_values_of_another_kind_are_refused_by_name_before_any_work(photos, given, said):
    with pytest.raises(InputError, match=said):
        train("stylegan", call(photos, {**SMALL, **given}))
    assert not (photos.parent / "run").exists()


def test_whole_numbers_pass_for_settings_that_are_floats(photos):
    assert train("stylegan", call(photos, {**SMALL, "r1_gamma": 2, "max_hours": 1})).path.is_file()
