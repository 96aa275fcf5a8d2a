"""The files of `deploy/`, parsed by the programs that they are for."""

import subprocess
from pathlib import Path

import pytest

from app.kit import json
from tests.architecture.source import ROOT
from tests.system.programs import require_program

pytestmark = pytest.mark.system
DEPLOY = ROOT / "deploy"


def _accepts(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_accepts_its_configuration_and_the_alerts() -> None:
    _accepts(
        require_program("promtool", "prometheus"),
        "check",
        "config",
        DEPLOY / "prometheus/prometheus.yaml",
    )


def test_prometheus_parses_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    dashboard = json.loads((DEPLOY / "grafana/dateline.json").read_bytes())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    rules = [
        {"record": "test", "labels": {"number": str(number)}, "expr": expression}
        for number, expression in enumerate(
            item.replace("$__rate_interval", "1m").replace("$job", "dateline")
            for item in expressions
        )
    ]
    # JSON is YAML, too.
    (tmp_path / "rules.yaml").write_bytes(json.dumps({"groups": [{"name": "t", "rules": rules}]}))
    _accepts(require_program("promtool", "prometheus"), "check", "rules", tmp_path / "rules.yaml")


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    unit = (DEPLOY / "systemd/dateline.service").read_text(encoding="utf-8")
    program = "/srv/dateline/.venv/bin/dateline"
    assert program in unit
    (tmp_path / "dateline.service").write_text(
        unit.replace(f"ExecStart={program}", "ExecStart=/bin/true")
    )
    _accepts(require_program("systemd-analyze", "systemd"), "verify", tmp_path / "dateline.service")


def test_nginx_accepts_the_configuration_of_the_proxy(tmp_path: Path) -> None:
    program = require_program("nginx", "nginx-light")
    site = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    for original, here in (
        ("server dateline:8000", "server 127.0.0.1:8000"),
        ("/var/cache/nginx/dateline", str(tmp_path / "kept")),
        ("listen 80;", "listen 127.0.0.1:18080;"),
    ):
        assert original in site
        site = site.replace(original, here)
    (tmp_path / "site.conf").write_text(site, encoding="utf-8")
    folders = " ".join(
        f"{name}_temp_path {tmp_path}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    own = tmp_path / "nginx.conf"
    inside = f"access_log off; {folders} include {tmp_path}/site.conf;"
    own.write_text(f"pid {tmp_path}/pid; events {{}} http {{ {inside} }}", encoding="utf-8")
    _accepts(program, "-t", "-e", tmp_path / "errors", "-c", own)
