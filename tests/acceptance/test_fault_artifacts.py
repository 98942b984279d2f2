"""Artifacts that would reach further than they may, and artifacts that are gone."""

import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from rollway.artifact import Bounds
from tests.acceptance.faults import FILE, clean, nothing_begun
from tests.acceptance.harness import Site
from tests.acceptance.test_controls import rollway


def project(folder: Path, more: str = "") -> Path:
    """That folder with an application and its file, of which no daemon knows yet."""
    (folder / "deploy.yaml").write_text(FILE + more)
    (folder / "server.py").write_text("print('serving')")
    return folder


def deploy(site: Site, folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """`rollway deploy prod WORDS` in that folder."""
    return subprocess.run(
        [sys.executable, "-m", "rollway", "--server", f"http://{site.api}", "deploy", "prod", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_build_artifact_that_leads_out_of_the_project(standing: Site, tmp_path: Path) -> None:
    done = deploy(standing, project(tmp_path, "build: {artifact: ../elsewhere}\n"))
    assert done.returncode == 2
    assert "deploy.yaml:7:19: build.artifact: leads out" in clean(done.stderr)
    assert nothing_begun(standing)


def tar_of(name: str, path: Path) -> Path:
    with tarfile.open(path, "w") as archive:
        member = tarfile.TarInfo(name)
        member.size = 4
        archive.addfile(member, io.BytesIO(b"evil"))
    return path


def test_an_archive_with_members_that_lead_out(standing: Site, tmp_path: Path) -> None:
    evil = tar_of("../../evil", tmp_path / "evil.tar")
    done = deploy(standing, project(tmp_path), "--artifact", str(evil))
    assert done.returncode == 2
    assert "'../../evil', which is outside of it" in clean(done.stderr)
    assert nothing_begun(standing)


def test_an_archive_with_such_members_that_came_past_the_command_line(site: Site) -> None:
    evil = tar_of("../../evil", site.folder / "evil.tar")
    digest = "sha256:" + hashlib.sha256(evil.read_bytes()).hexdigest()
    with site.client as client:
        client.put_artifact(digest, evil)
        client.register("app", "1.0", digest)
        rollout = site.ended(client.start("app", "prod", "1.0").id)
    assert rollout.phase == "failed"
    assert "outside of it" in (rollout.reason or "")
    assert list(site.folder.rglob("evil")) == []


def test_a_zip_bomb(standing: Site, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(1 << 20))
    head, found, entry = bomb.read_bytes().partition(
        b"PK\x01\x02"
    )  # what it announces stands there, zip64 for 8 EiB
    announced = (
        entry[:20] + b"\xff" * 4 + entry[24:26] + (entry[26] + 12).to_bytes() + entry[27:42] + entry[42:47]
    )
    zip64 = b"\x01\0\x08\0" + (1 << 62).to_bytes(8, "little")
    size = len(announced) + len(zip64)
    end = entry[47:]
    bomb.write_bytes(
        head + found + announced + zip64 + end[:12] + (size + 4).to_bytes(4, "little") + end[16:]
    )
    done = deploy(standing, project(tmp_path), "--artifact", str(bomb))
    assert done.returncode == 2
    assert f"more than {Bounds().bytes} bytes" in clean(done.stderr)
    assert nothing_begun(standing)


def test_an_artifact_deleted_behind_our_back(site: Site) -> None:
    site.steps, site.monitors = [{"weight": "50%"}], "none"
    site.apply()
    site.stable()
    site.release("1.1")
    for kept in (site.data / "artifacts").iterdir():
        kept.unlink()
    gone = rollway(site, "deploy", "app/prod", "--release", "1.1")
    assert gone.returncode == 10
    assert "the artifact of 1.1 is gone" in clean(gone.stderr)
    assert "--artifact" in gone.stderr
    site.processes()[0].kill()
    site.until(lambda: site.running() == {"1.0": 2}, "the dead instance is replaced")
    assert site.ended(site.deploy("1.1")).phase == "promoted", "sent again, it is there again"


def test_a_release_deleted_behind_our_back_is_unpacked_again(site: Site) -> None:
    site.stable()
    (folder,) = (site.data / "node/process/releases/app").iterdir()
    shutil.rmtree(folder)
    site.processes()[0].kill()
    site.until(lambda: site.running() == {"1.0": 2}, "the dead instance is replaced")
    assert folder.is_dir()
