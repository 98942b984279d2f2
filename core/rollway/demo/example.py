"""The example application and its `deploy.yaml`, in a checkout and in the wheel alike."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rollway.artifact import PackedArtifact, pack
from rollway.config import Json
from rollway.demo.errors import DemoError

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[2]
SETTINGS = "shop.json"


@dataclass(frozen=True, slots=True)
class Example:
    """`shop` is the folder that becomes the artifact, `settings` the file that delivers it."""

    shop: Path
    settings: Path

    def application(self, listen: str) -> dict[str, Json]:
        """The settings as the file has them, with every router listening at `listen` (host:port)."""
        from ruamel.yaml import YAML

        settings: dict[str, Json] = YAML(typ="safe").load(self.settings)
        environments = settings["environments"]
        if isinstance(environments, dict):
            for environment in environments.values():
                if isinstance(environment, dict):
                    environment["router"] = {"use": "envoy", "listen": listen}
        return settings

    def artifact(self, changes: Mapping[str, Json], workshop: Path) -> PackedArtifact:
        """The shop with these entries of its `shop.json` changed, packed in the folder `workshop`.

        Raises ArtifactError, OSError.
        """
        folder = workshop / "shop"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.shop, folder, ignore=shutil.ignore_patterns("__pycache__"))
        settings = json.loads((self.shop / SETTINGS).read_text(encoding="utf-8"))
        (folder / SETTINGS).write_text(json.dumps({**settings, **changes}, indent=2), encoding="utf-8")
        return pack(folder, workshop / "shop.tar")


def find(places: tuple[Example, ...] = ()) -> Example:
    """The example that came with this Rollway. Raises DemoError where it is incomplete."""
    places = places or (
        Example(HERE / "shop", HERE / "deploy.yaml"),
        Example(CHECKOUT / "examples" / "shop", CHECKOUT / "deploy.yaml"),
    )
    for example in places:
        if (example.shop / SETTINGS).is_file() and example.settings.is_file():
            return example
    looked = " and ".join(str(example.shop) for example in places)
    raise DemoError(
        f"the example application is not where it should be; looked in {looked}",
        advice="Install Rollway again, or run the demo from a complete checkout.",
    )
