"""A system test with a missing program is skipped, with installation instructions."""

import pytest

from tests.system.programs import require_program, require_varnish_modules

# The message of Varnish 7.1 without the package of its modules.
_SAID = """Message from VCC-compiler:
Could not find VMOD xkey
('dateline.vcl' Line 13 Pos 8)
import xkey;
-------####-

Running VCC-compiler failed, exited with 2
VCL compilation failed
"""


def test_a_missing_program_is_named_with_its_package() -> None:
    with pytest.raises(pytest.skip.Exception, match="apt-get install some-package"):
        require_program("no-such-program", "some-package")


def test_a_missing_varnish_module_is_named_with_its_package() -> None:
    with pytest.raises(pytest.skip.Exception, match=r"xkey .* apt-get install varnish-modules"):
        require_varnish_modules(_SAID)


def test_other_compiler_errors_do_not_skip_the_test() -> None:
    require_varnish_modules("VCL compilation failed")
