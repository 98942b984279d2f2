"""What a release is called, and what makes two of them the same."""

import pytest

from rollway.artifact import release_digest, release_name, renamed_for_settings, target_settings
from rollway.config import Deployment, EnvironmentUse, Json, PluginUse

ARTIFACT = "sha256:0123456789abcdef" + "0" * 48


@pytest.mark.parametrize(
    ("revision", "dirty", "name"),
    [("3f2a91c", False, "3f2a91c"), ("3f2a91c", True, "3f2a91c-dirty-012345"), (None, False, "0123456789ab")],
)
def test_names(revision: str | None, dirty: bool, name: str) -> None:
    assert release_name(revision, dirty, ARTIFACT) == name


def test_a_name_for_new_settings() -> None:
    assert renamed_for_settings("3f2a91c", "sha256:fedcba98") == "3f2a91c-fedcba"


def deployment(**target: Json) -> Deployment:
    use = PluginUse("x")
    environment = EnvironmentUse("prod", use, use, use, (), unwatched=True)
    settings: dict[str, Json] = {
        "environments": {"prod": {"target": {"use": "process", **target}, "strategy": {"use": "canary"}}}
    }
    return Deployment("shop", {"prod": environment}, settings)


def test_the_target_belongs_to_the_release_and_instances_do_not() -> None:
    assert target_settings(deployment(command="x", instances=3)) == {
        "prod": {"use": "process", "command": "x"}
    }


def test_digests_depend_on_content_only() -> None:
    one = release_digest(ARTIFACT, target_settings(deployment(command="x", drain="5s", instances=3)))
    assert one == release_digest(ARTIFACT, target_settings(deployment(instances=1, drain="5s", command="x")))
    assert one != release_digest(ARTIFACT, target_settings(deployment(command="y", drain="5s")))
    assert one != release_digest(
        ARTIFACT.replace("1", "2"), target_settings(deployment(command="x", drain="5s"))
    )
    assert one != release_digest(
        ARTIFACT, target_settings(deployment(command="x", drain="5s")), revision="3f2a91c"
    )


def test_the_digest_is_the_same_in_every_version() -> None:
    expected = "sha256:8d2013cb88fce56fa23f3b97e5e7c9cc6bac53dac840f19c281ae5dea0bbc3e4"
    assert release_digest("sha256:ab", {"prod": {"use": "process", "command": "größe"}}) == expected
