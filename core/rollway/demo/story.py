"""The sequence: a first release, visitors, a good release, a bad one. Everything by the daemon's public API."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rollway.artifact import target_settings
from rollway.config import Deployment, Json
from rollway.demo.client import Client
from rollway.demo.documents import EventDocument, RolloutDocument
from rollway.demo.errors import DemoError
from rollway.demo.example import Example
from rollway.demo.options import Options
from rollway.demo.outcome import Outcome
from rollway.demo.processes import Daemon, Visitors
from rollway.demo.scene import compose
from rollway.demo.tally import Tally
from rollway.demo.teller import Teller
from rollway.demo.telling import Sentence, Tone, tell
from rollway.domain.traffic import Address

APPLICATION, ENVIRONMENT = "shop", "prod"
LOOK_EVERY = 0.2
WARM_UP = 6.0
"""Seconds of ordinary traffic before the first comparison: so much the daemon wants to see to choose its margins."""
AFTERMATH = 2.0


@dataclass(frozen=True, slots=True)
class Chapter:
    """A release of the story; `changes` are what its `shop.json` says otherwise."""

    release: str
    what: str
    changes: Mapping[str, Json] = field(default_factory=dict)


def chapters(bad_errors: float) -> tuple[Chapter, Chapter, Chapter]:
    """The first release, the good one, and the one of whose answers this share (0 to 1) fails."""
    return (
        Chapter("1.0", "the first release"),
        Chapter("1.1", "a good release", {"headline": "The autumn roasts are in.", "accent": "#b3541e"}),
        Chapter(
            "1.2",
            f"a bad release: {bad_errors * 100:.3g}% of its answers are 500",
            {"headline": "Now with a faster price list.", "accent": "#5b2a8a", "faults": bad_errors},
        ),
    )


class Story:
    """Plays the chapters; `listen` is where the shop's visitors come, `folder` is for what is made on the way."""

    def __init__(
        self,
        options: Options,
        example: Example,
        daemon: Daemon,
        client: Client,
        listen: Address,
        teller: Teller,
        folder: Path,
    ) -> None:
        self._options = options
        self._example = example
        self._daemon = daemon
        self._client = client
        self._listen = listen
        self._teller = teller
        self._folder = folder
        self._deployment = Deployment(APPLICATION, {}, example.application(str(listen)))
        self._visitors: Visitors | None = None
        self._title = ""
        self._latest: RolloutDocument | None = None
        self._began = time.monotonic()

    async def play(self) -> Outcome:
        """The whole story. Raises DemoError where it cannot go on, ArtifactError, OSError."""
        first, good, bad = chapters(self._options.bad_errors)
        await self._open()
        if not (rollout := await self._release(first)).promoted:
            raise DemoError(
                f"the first release did not go out: {rollout.phase}, {rollout.reason or 'no reason given'}"
            )
        self._visitors = await Visitors.arrive(self._listen, self._options.rate, self._folder)
        try:
            self._say("visitors", f"{self._options.rate:g} requests a second to http://{self._listen}")
            await self._watch(WARM_UP)
            return await self._compare(self._visitors, good, bad)
        finally:
            await self._visitors.end()

    async def _open(self) -> None:
        self._title = "The daemon starts"
        await self._daemon.until_ready(self._client)
        self._say("daemon", f"ready, API at {self._daemon.url}")
        await self._client.apply(APPLICATION, self._deployment.settings)

    async def _compare(self, visitors: Visitors, good: Chapter, bad: Chapter) -> Outcome:
        promoted = (await self._release(good)).promoted
        rolled_back = promoted and (await self._release(bad)).phase == "rolled_back"
        # What the visitors get from now on shows whether the bad release is really gone.
        await self._watch(AFTERMATH)
        await visitors.leave()
        return Outcome.of(visitors.tally, bad.release, promoted=promoted, rolled_back=rolled_back)

    async def _release(self, chapter: Chapter) -> RolloutDocument:
        self._title = f"{chapter.release}: {chapter.what}"
        self._say(chapter.release, chapter.what)
        artifact = await asyncio.to_thread(self._example.artifact, chapter.changes, self._folder)
        await self._client.upload(artifact)
        settings = target_settings(self._deployment)
        await self._client.register(APPLICATION, chapter.release, artifact.digest, settings)
        return await self._follow(await self._client.deploy(APPLICATION, ENVIRONMENT, chapter.release))

    async def _follow(self, id_: str) -> RolloutDocument:
        deadline = time.monotonic() + self._options.patience
        seen = 0
        while True:
            # The rollout first: when it has ended, its log is complete.
            rollout = await self._client.rollout(id_)
            for event in await self._client.events(id_, seen):
                seen = event.seq
                self._tell(event, rollout)
            self._latest = rollout
            if rollout.ended:
                return rollout
            if time.monotonic() > deadline:
                return self._out_of_patience(rollout)
            await self._look()

    async def _watch(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            await self._look()

    async def _look(self) -> None:
        """Show how things stand, and make sure that everybody is still there."""
        self._daemon.check()
        if self._visitors:
            self._visitors.check()
        tally = self._visitors.tally if self._visitors else Tally()
        self._teller.show(compose(self._elapsed, self._title, tally, self._latest))
        await asyncio.sleep(LOOK_EVERY)

    @property
    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    def _say(self, about: str, text: str, tone: Tone = Tone.PLAIN) -> None:
        self._teller.tell(self._elapsed, Sentence(about, text, tone))

    def _tell(self, event: EventDocument, rollout: RolloutDocument) -> None:
        if sentence := tell(event, rollout):
            self._teller.tell(self._elapsed, sentence)

    def _out_of_patience(self, rollout: RolloutDocument) -> RolloutDocument:
        stands = f"{rollout.phase}, waits for {rollout.waiting_for}" if rollout.waiting_for else rollout.phase
        why = f": {rollout.reason}" if rollout.reason else ""
        self._say(rollout.release, f"not decided after {self._options.patience:g} s: {stands}{why}", Tone.BAD)
        return rollout
