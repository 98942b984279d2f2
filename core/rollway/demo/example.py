"""The example application and its `deploy.yaml`, in a checkout and in the wheel alike."""

import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rollway.demo.errors import DemoError

Json = dict[str, object]
HERE = Path(__file__).parent
CHECKOUT = HERE.parents[2]
SETTINGS = "shop.json"


@dataclass(frozen=True, slots=True)
class Example:
    """`shop` is the folder that becomes the artifact, `settings` the file that delivers it."""

    shop: Path
    settings: Path

    def application(self, listen: str) -> Json:
        """The settings as the file has them, with the router listening at `listen` (host:port)."""
        from ruamel.yaml import YAML

        settings: Json = YAML(typ="safe").load(self.settings)
        for environment in _sections(settings["environments"]):
            environment["router"] = {**_section(environment["router"]), "listen": listen}
        return settings

    def artifact(self, changes: Mapping[str, object]) -> bytes:
        """The shop as a tar, with these entries of its `shop.json` changed: the same changes, the same bytes."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for file in self._files():
                content = file.read_bytes()
                if file.name == SETTINGS:
                    content = json.dumps({**json.loads(content), **changes}, indent=2).encode()
                tar.addfile(_member(file.relative_to(self.shop), len(content)), io.BytesIO(content))
        return buffer.getvalue()

    def _files(self) -> Iterator[Path]:
        for file in sorted(self.shop.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                yield file


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


def target_settings(application: Mapping[str, object]) -> Json:
    """What belongs to a release: the target sections by environment, less `instances`."""
    environments = _section(application["environments"])
    return {
        name: {
            key: value for key, value in _section(_section(section)["target"]).items() if key != "instances"
        }
        for name, section in environments.items()
    }


def _member(path: Path, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(path.as_posix())
    member.size, member.mode = size, 0o644
    return member


def _sections(value: object) -> list[Json]:
    return [_section(each) for each in _section(value).values()]


def _section(value: object) -> Json:
    if not isinstance(value, dict):
        raise DemoError(f"deploy.yaml of the example is not what the demo expects: {value!r}")
    return value
