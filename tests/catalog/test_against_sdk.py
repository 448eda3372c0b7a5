"""The SDK itself, imported and called, is the judge of what was read from it."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import stripe
from stripe import _object_classes

from stripe_nb.catalog import Catalog, Field, Kind, Operation, Type

ENVELOPES = {"list", "search_result", "v2.search_result", "file_upload"}
REQUEST_OPTIONS = set(stripe.RequestOptions.__annotations__)
REGISTRY = {
    name: place
    for table in (_object_classes.OBJECT_CLASSES, _object_classes.V2_OBJECT_CLASSES)
    for name, place in table.items()
    if name not in ENVELOPES
}


class Recorder(stripe.HTTPClient):
    """Notes what the SDK would send, and sends nothing."""

    name = "recorder"

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, str]] = []

    def request(self, method: str, url: str, *_: Any, **__: Any) -> Any:
        self.seen.append((method, url))
        return "{}", 200, {}

    def request_stream(self, method: str, url: str, *_: Any, **__: Any) -> Any:
        self.seen.append((method, url))
        return iter(()), 200, {}

    def close(self) -> None:
        pass


def _sdk_class(name: str) -> type:
    module, class_ = REGISTRY[name]
    found: type = getattr(importlib.import_module(module), class_)
    return found


def _sdk_fields(cls: type) -> dict[str, str]:
    """Return Python names by names on the wire."""
    wire = getattr(cls, "_field_remappings", {})
    return {
        wire.get(name, name): name
        for name, annotation in vars(cls).get("__annotations__", {}).items()
        if not name.startswith("_") and "ClassVar" not in str(annotation)
    }


def _object_types(type_: Type) -> Iterator[Type]:
    if type_.kind is Kind.OBJECT:
        yield type_
    for inner in (type_.item, *type_.options):
        if inner is not None:
            yield from _object_types(inner)


def _compare(cls: type, fields: Mapping[str, Field]) -> Iterator[type]:
    """Compare a class and all that are nested in it; yield each of them."""
    expected = _sdk_fields(cls)
    expected.pop("deleted", None)
    assert list(fields) == list(expected), cls
    encodings = getattr(cls, "_field_encodings", {})
    decimals = {k for k, f in fields.items() if f.type.kind is Kind.DECIMAL}
    texts = {key for key, field in fields.items() if field.type.text}
    assert decimals == {k for k, v in encodings.items() if v == "decimal_string"}
    assert texts == {k for k, v in encodings.items() if v == "int64_string"}
    yield cls
    inner = getattr(cls, "_inner_class_types", {})
    for key, python_name in expected.items():
        for type_ in _object_types(fields[key].type):
            if python_name in inner:
                yield from _compare(inner[python_name], type_.fields)


def test_resources_are_all_of_the_registry(catalog: Catalog) -> None:
    assert list(catalog.resources) == list(REGISTRY)


@pytest.mark.parametrize("name", REGISTRY)
def test_fields_equal_the_class(name: str, catalog: Catalog) -> None:
    assert list(_compare(_sdk_class(name), catalog.resources[name].fields))


def test_nested_classes_are_all_reached(catalog: Catalog) -> None:
    seen = {
        cls
        for name in REGISTRY
        for cls in _compare(_sdk_class(name), catalog.resources[name].fields)
    }
    assert len(seen) > 2_500


@pytest.mark.parametrize("name", REGISTRY)
def test_deleted_stub_is_as_the_class_says(name: str, catalog: Catalog) -> None:
    stub = catalog.resources[name].deleted_fields
    assert bool(stub) is ("deleted" in _sdk_fields(_sdk_class(name)))
    assert "deleted" not in catalog.resources[name].fields


def _services() -> Iterator[tuple[str, Any, Recorder]]:
    recorder = Recorder()
    client = stripe.StripeClient("sk_test_123", http_client=recorder)
    pending = [("", client.v1), ("v2.", client.v2)]
    while pending:
        prefix, service = pending.pop()
        module = importlib.import_module(type(service).__module__)
        for name in getattr(module, "_subservices", {}):
            found = getattr(service, name)
            yield f"{prefix}{name}", found, recorder
            pending.append((f"{prefix}{name}.", found))


def _methods() -> Iterator[tuple[str, Any, Recorder]]:
    for namespace, service, recorder in _services():
        for name, function in vars(type(service)).items():
            is_public = not name.startswith("_") and not name.endswith("_async")
            if is_public and inspect.isfunction(function):
                yield f"{namespace}.{name}", getattr(service, name), recorder


METHODS = list(_methods())
HOSTS = {
    "api": "https://api.stripe.com",
    "files": "https://files.stripe.com",
    "meter_events": "https://meter-events.stripe.com",
}
by_method = pytest.mark.parametrize(
    ("name", "method", "recorder"), METHODS, ids=[name for name, _, _ in METHODS]
)


def _expected_url(operation: Operation, values: list[str]) -> str:
    filled = iter(values)
    path = re.sub(r"{\w+}", lambda _: next(filled), operation.path)
    return HOSTS[operation.host] + path


def test_operations_are_all_of_the_services(catalog: Catalog) -> None:
    outside = {"charges.refunds.list", "charges.refunds.retrieve"}
    assert set(catalog.operations) == {name for name, _, _ in METHODS} | outside


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@by_method
def test_method_and_path_are_what_the_sdk_sends(
    name: str, method: Any, recorder: Recorder, catalog: Catalog
) -> None:
    operation = catalog.operations[name]
    ids = [f"id_{n}" for n in range(len(operation.path_parameters))]
    recorder.seen.clear()
    method(*ids, params={})
    expected = (operation.method, _expected_url(operation, ids))
    assert recorder.seen == [expected]
    assert (
        list(operation.path_parameters)
        == list(inspect.signature(method).parameters)[: len(ids)]
    )


def _params_class(name: str, method: Any) -> Any:
    annotation = str(inspect.signature(method).parameters["params"].annotation)
    class_name = re.findall(r"\w+Params", annotation)[-1]
    module = type(method.__self__).__module__.removeprefix("stripe.")
    package = "stripe.params." + module.rpartition(".")[0]
    return getattr(importlib.import_module(package.rstrip(".")), class_name)


@by_method
def test_parameters_equal_the_typed_dict(
    name: str, method: Any, recorder: Recorder, catalog: Catalog
) -> None:
    params = _params_class(name, method)
    parameters = catalog.operations[name].parameters
    assert parameters.keys() == params.__annotations__.keys() - REQUEST_OPTIONS
    required = {key for key, field in parameters.items() if field.required}
    assert required == params.__required_keys__ - REQUEST_OPTIONS


def test_pinned_version_is_the_sdks(catalog: Catalog) -> None:
    assert catalog.api_version == stripe.api_version
    assert catalog.api_version == catalog.api_versions[-1]
    assert list(catalog.api_versions) == sorted(set(catalog.api_versions))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("list", "list_refunds"),
        ("retrieve", "retrieve_refund"),
    ],
)
def test_endpoints_outside_services_are_the_class_methods(
    name: str, expected: str, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder()
    monkeypatch.setattr(stripe, "default_http_client", recorder)
    monkeypatch.setattr(stripe, "api_key", "sk_test_123")
    operation = catalog.operations[f"charges.refunds.{name}"]
    ids = [f"id_{n}" for n in range(len(operation.path_parameters))]
    getattr(stripe.Charge, expected)(*ids)
    assert recorder.seen == [("get", _expected_url(operation, ids))]
