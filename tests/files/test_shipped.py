"""Files of the configuration are looked for in the working directory, then beside the Snakefile."""

from anodeflow.files.shipped import locate, places

SHIPPED = "resources/reference/adhesion.csv"


def test_a_file_of_the_working_directory_comes_before_the_shipped_one(tmp_path, root):
    assert locate(SHIPPED, tmp_path) == str(root / SHIPPED)
    own = tmp_path / SHIPPED
    own.parent.mkdir(parents=True)
    own.touch()
    assert locate(SHIPPED, tmp_path) == SHIPPED


def test_what_is_nowhere_and_what_is_absolute_stay_as_they_are(tmp_path, root):
    assert locate("mine.csv", tmp_path) == "mine.csv"
    assert locate(str(root / SHIPPED), tmp_path) == str(root / SHIPPED)


def test_places_are_named_once_and_not_for_a_path_that_is_absolute(tmp_path, root):
    assert places("mine.csv", root) == f" in {root}"
    assert places("mine.csv", tmp_path) == f" in {tmp_path}, nor beside the Snakefile in {root}"
    assert places("/mine.csv", tmp_path) == ""
