"""Names and digests of releases."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from rollway.config import Deployment, Json


def release_name(revision: str | None, dirty: bool, digest: str) -> str:
    """The name of a release that nobody named.

    The short source revision; with the first 6 digits of the artifact's digest where the tree was not clean
    (`3f2a91c-dirty-0b5e77`); without a revision the first 12 digits of the digest.
    """
    digits = digest.removeprefix("sha256:")
    if revision is None:
        return digits[:12]
    return f"{revision}-dirty-{digits[:6]}" if dirty else revision


def renamed_for_settings(name: str, digest: str) -> str:
    """The name where only the settings changed: 6 digits of the release's digest are added."""
    return f"{name}-{digest.removeprefix('sha256:')[:6]}"


def target_settings(deployment: Deployment) -> dict[str, dict[str, Json]]:
    """The `target` section of every environment less `instances`: what of the file belongs to a release."""
    environments = deployment.settings["environments"]
    assert isinstance(environments, dict)  # noqa: S101 - a Deployment is valid
    return {name: _of_release(environment) for name, environment in environments.items()}


def release_digest(
    artifact: str, targets: Mapping[str, Mapping[str, Json]], revision: str | None = None
) -> str:
    """`sha256:` of a release: of its artifact's digest, its `target_settings` and its source revision.

    Two releases with the same digest are the same; key order and spacing of the file do not count. The form hashed
    is JSON with sorted keys, no spaces, ASCII only.
    """
    document = {"artifact": artifact, "source": revision, "targets": targets}
    text = json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False, default=dict
    )
    return f"sha256:{hashlib.sha256(text.encode('ascii')).hexdigest()}"


def _of_release(environment: Json) -> dict[str, Json]:
    target = environment.get("target") if isinstance(environment, dict) else None
    return (
        {key: value for key, value in target.items() if key != "instances"}
        if isinstance(target, dict)
        else {}
    )
