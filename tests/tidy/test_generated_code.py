"""Generated code is committed and never edited."""

from pathlib import Path

from tests.support.protoc import ROOT, generate, generated_files


def test_the_generated_code_is_what_the_protos_say(tmp_path: Path):
    """node/v1 and federation/v1 hold, byte for byte, what proto/ generates today, and no file of a proto that is gone: `make proto`."""
    generate(tmp_path)

    fresh = generated_files(tmp_path)
    committed = generated_files(ROOT)

    assert sorted(fresh) == sorted(committed)
    assert [] == [name for name in fresh if fresh[name] != committed[name]]
