"""What a hostile client sends is refused, and takes neither memory nor anything else from the daemon."""

from collections.abc import Iterator

import httpx
import psutil

from tests.acceptance.faults import nothing_begun, problem
from tests.acceptance.harness import Site


def memory(site: Site) -> int:
    assert site.process is not None
    rss: int = psutil.Process(site.process.pid).memory_info().rss
    return rss


def test_a_web_page_of_another_origin_that_posts(standing: Site) -> None:
    call = f"http://{standing.api}/api/v1/applications/app/environments/prod/rollback"
    for origin in ("http://evil.example", "null", f"http://{standing.visitors}", f"https://{standing.api}"):
        detail = problem(httpx.post(call, json={}, headers={"Origin": origin}), 403)
        assert "another origin" in detail
    preflight = httpx.options(call, headers={"Origin": "http://evil.example"})
    assert "access-control-allow-origin" not in preflight.headers
    problem(httpx.post(call, json={}, headers={"Host": "evil.example"}), 421)
    assert nothing_begun(standing)


def test_a_request_body_of_1_gb(standing: Site) -> None:
    before, sent = memory(standing), 0

    def gigabyte() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(1024):
            sent += 1 << 20
            yield b"x" * (1 << 20)

    call, kind = f"http://{standing.api}/api/v1/rollouts", {"Content-Type": "application/json"}
    problem(httpx.post(call, content=gigabyte(), headers=kind), 413)
    problem(httpx.post(call, content=gigabyte(), headers={**kind, "Content-Length": str(1 << 30)}), 413)
    assert sent < 1 << 29, "it is refused before it has come"
    assert memory(standing) - before < 64 << 20


def test_a_header_of_1_mb(standing: Site) -> None:
    before = memory(standing)
    said = problem(
        httpx.get(f"http://{standing.api}/api/v1/rollouts", headers={"X-Long": "x" * (1 << 20)}), 431
    )
    assert "header" in said
    assert memory(standing) - before < 32 << 20


def test_deeply_nested_json(standing: Site) -> None:
    for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
        body = opening * 100_000 + b"1" + closing * 100_000
        answer = httpx.post(
            f"http://{standing.api}/api/v1/plans", content=body, headers={"Content-Type": "application/json"}
        )
        assert "not JSON" in problem(answer, 400)
