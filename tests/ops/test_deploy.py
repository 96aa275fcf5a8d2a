"""The files of `deploy/` can be parsed, and contain only existing names."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.api.monitoring.metrics import Metrics
from app.kit import json
from app.settings import Settings
from tests.architecture.source import ROOT

DEPLOY = ROOT / "deploy"
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file())
_SETTING = re.compile(r"\bDATELINE_[A-Z_]+\b")
_METRIC = re.compile(r"\bdateline_[a-z_]+\b")
# Suffixes that the Prometheus library adds to the name of a metric.
_ENDINGS = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}
# Seconds that the shutdown of a process takes after draining (app/cli/serving.py).
_END_SECONDS = 8


def _documents(name: str) -> list[Any]:
    return list(yaml.safe_load_all((DEPLOY / name).read_text(encoding="utf-8")))


def _compose() -> dict[str, Any]:
    document: dict[str, Any] = _documents("compose.yaml")[0]
    return document


def _manifests() -> dict[str, dict[str, Any]]:
    names = ("kubernetes/dateline.yaml", "kubernetes/migrate.yaml")
    return {document["kind"]: document for name in names for document in _documents(name)}


def _env_file() -> dict[str, str]:
    lines = (DEPLOY / "systemd/dateline.env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def _unit() -> list[tuple[str, str]]:
    lines = (DEPLOY / "systemd/dateline.service").read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if not line.startswith("#"))
    return [(name, value) for name, mark, value in pairs if mark]


def _expressions() -> Iterator[str]:
    for group in _documents("prometheus/alerts.yaml")[0]["groups"]:
        yield from (rule["expr"] for rule in group["rules"])
    dashboard = json.loads((DEPLOY / "grafana/dateline.json").read_bytes())
    for panel in dashboard["panels"]:
        yield from (target["expr"] for target in panel["targets"])


def _environments() -> dict[str, dict[str, str]]:
    return {
        "compose": _compose()["services"]["dateline"]["environment"],
        "kubernetes": _manifests()["ConfigMap"]["data"],
        "systemd": _env_file(),
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_every_file_parses_and_names_known_settings(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".yaml":
        assert all(yaml.safe_load_all(text))
    elif path.suffix == ".json":
        assert json.loads(text)
    known = {f"DATELINE_{name.upper()}" for name in Settings.model_fields}
    assert set(_SETTING.findall(text)) - known == set()


@pytest.mark.parametrize("name", ["compose", "kubernetes", "systemd"])
def test_the_settings_can_be_read(name: str) -> None:
    variables = {
        variable.removeprefix("DATELINE_").lower(): re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value)
        for variable, value in _environments()[name].items()
    }
    # Pydantic converts the texts of an environment.
    settings = Settings(**variables)  # type: ignore[arg-type]
    assert settings.metrics == "operations"
    assert settings.operations_port == 9000


def test_dashboard_and_alerts_use_every_metric_and_no_other() -> None:
    exposed = {
        family.name + ending: family.name
        for family in Metrics().families()
        for ending in _ENDINGS[family.type]
    }
    named = {name for expression in _expressions() for name in _METRIC.findall(expression)}
    assert named - exposed.keys() == set()
    assert set(exposed.values()) - {exposed[name] for name in named} == set()


def test_image_names_are_those_of_the_release() -> None:
    services, manifests = _compose()["services"], _manifests()
    pods = [manifests[kind]["spec"]["template"]["spec"] for kind in ("Deployment", "Job")]
    images = {container["image"] for pod in pods for container in pod["containers"]}
    assert images == {services[name]["image"] for name in ("dateline", "migrate")}
    user = re.search(r"^USER (\d+):(\d+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert user is not None
    for pod in pods:
        context = pod["securityContext"]
        assert (str(context["runAsUser"]), str(context["runAsGroup"])) == user.groups()


def test_ports_are_those_of_the_server() -> None:
    port = re.search(r"^EXPOSE (\d+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert port is not None
    manifests = _manifests()
    (container,) = manifests["Deployment"]["spec"]["template"]["spec"]["containers"]
    ports = {port["name"]: str(port["containerPort"]) for port in container["ports"]}
    operations = manifests["ConfigMap"]["data"]["DATELINE_OPERATIONS_PORT"]
    assert ports == {"http": port[1], "operations": operations}
    annotations = manifests["Deployment"]["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == operations
    probed = {container[f"{kind}Probe"]["httpGet"]["port"] for kind in ("startup", "liveness")}
    assert probed == {manifests["Service"]["spec"]["ports"][0]["targetPort"]} == {"http"}
    assert f"server dateline:{port[1]};" in (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    (scrape,) = _documents("prometheus/prometheus.yaml")[0]["scrape_configs"]
    compose = _compose()["services"]["dateline"]["environment"]["DATELINE_OPERATIONS_PORT"]
    assert scrape["static_configs"][0]["targets"] == [f"dateline:{compose}"]


def test_selectors_match_only_the_pods_of_the_deployment() -> None:
    manifests = _manifests()
    labels = manifests["Deployment"]["spec"]["template"]["metadata"]["labels"]
    selectors = (
        manifests["Deployment"]["spec"]["selector"]["matchLabels"],
        manifests["Service"]["spec"]["selector"],
        manifests["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
    )
    assert all(selector == labels for selector in selectors)
    assert manifests["Job"]["spec"]["template"]["metadata"]["labels"] != labels
    budget, replicas = manifests["PodDisruptionBudget"], manifests["Deployment"]["spec"]["replicas"]
    assert budget["spec"]["minAvailable"] < replicas


def test_the_grace_period_is_long_enough() -> None:
    environments = _environments()
    pod = _manifests()["Deployment"]["spec"]["template"]["spec"]
    grace = {
        "compose": _compose()["services"]["dateline"]["stop_grace_period"].removesuffix("s"),
        "kubernetes": pod["terminationGracePeriodSeconds"],
        "systemd": dict(_unit())["TimeoutStopSec"],
    }
    for name, seconds in grace.items():
        assert int(seconds) > int(environments[name]["DATELINE_DRAIN_SECONDS"]) + _END_SECONDS, name
    assert pod["enableServiceLinks"] is False


def test_the_systemd_unit_stops_all_processes_and_raises_the_file_limit() -> None:
    unit = dict(_unit())
    assert unit["KillMode"] == "mixed"
    assert int(unit["LimitNOFILE"]) > Settings.model_fields["max_connections"].default


def test_the_proxy_configuration_matches_the_example() -> None:
    example = (ROOT / "docs/examples/nginx.conf").read_text(encoding="utf-8")
    values = {
        "CACHE_FOLDER": "/var/cache/nginx/dateline",
        "DATELINE_HOST": "dateline",
        "DATELINE_PORT": "8000",
        "LISTEN": "80",
        "SERVER_NAME": "_",
    }
    for name, value in values.items():
        example = example.replace(f"@{name}@", value)
    own = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    assert re.sub(r"\A(#.*\n)+", "", own) == re.sub(r"\A(#.*\n)+", "", example)
