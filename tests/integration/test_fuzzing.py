"""Whatever the OpenAPI document allows, and much that it does not, is sent to the daemon as it is: it never breaks."""

from collections.abc import Iterator
from typing import Any, TypeAlias

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, Response, SerializationContext
from schemathesis.schemas import APIOperation, BaseSchema
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from rollway.http import create_app
from tests.acceptance.harness import Site
from tests.unit.http.memory_usecases import MemoryUseCases

Call: TypeAlias = "Case[Any]"
Operation: TypeAlias = "APIOperation[Any, Any, Any, Any]"

VERBS = ("get", "head", "put", "post", "delete")
OPERATIONS = [
    (path, verb)
    for path, item in create_app(MemoryUseCases()).openapi()["paths"].items()
    for verb in VERBS
    if verb in item
]
KNOWN = {"name": "app", "environment": "prod"}
"""What the daemon has: half of the calls are about it."""
EXAMPLES = 30


@schemathesis.serializer("application/x-tar")
def tar(_: SerializationContext, value: object) -> bytes:
    """Any bytes: a tar is known by its digest."""
    return value if isinstance(value, bytes) else str(value).encode(errors="surrogatepass")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A daemon with an application that was never deployed."""
    here = Site(tmp_path_factory.mktemp("site"))
    try:
        here.start()
        here.apply()
        here.release("1.0")
        yield here
    finally:
        here.close()


@pytest.fixture(scope="module")
def schema(site: Site) -> BaseSchema:
    """The API as it describes itself."""
    return schemathesis.openapi.from_url(f"http://{site.api}/openapi.json")


def calls(operation: Operation) -> st.SearchStrategy[Call]:
    """Calls as the document allows them, and others; half of them about what the daemon has."""
    anything = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode))
    return st.one_of(anything, anything.map(_about_what_is_known))


def _about_what_is_known(case: Call) -> Call:
    case.path_parameters.update({key: KNOWN[key] for key in KNOWN.keys() & case.path_parameters.keys()})
    return case


@pytest.mark.parametrize(("path", "verb"), OPERATIONS, ids=lambda each: each)
def test_no_call_breaks_the_daemon(schema: BaseSchema, path: str, verb: str) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=calls(schema[path][verb]))
    def fuzz(case: Call) -> None:
        answer = case.call()
        assert answer.status_code < 500 or path == "/readyz", f"{case.as_curl_command()}: {answer.text}"
        if answer.status_code >= 400 and verb != "head":
            assert answer.headers["content-type"] == ["application/problem+json"]
            assert answer.json()["status"] == answer.status_code
        if answer.status_code < 400:
            operation_checks(case, answer)

    fuzz()


def operation_checks(case: Call, answer: Response) -> None:
    """An answer that went well is one that the document tells of, in its shape."""
    case.validate_response(answer, checks=[status_code_conformance, response_schema_conformance])


def test_after_all_of_it_the_daemon_serves(site: Site) -> None:
    assert httpx.get(f"http://{site.api}/healthz").status_code == 200
    log = (site.folder / "daemon.log").read_text()
    assert "Traceback" not in log
