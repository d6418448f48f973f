#!/usr/bin/python3
"""That modules.py finds what it is there to find."""
import pathlib
import tempfile
import unittest

import modules as checker

MODULES = checker.read_modules(pathlib.Path(__file__).resolve().parents[2])


class wrong_includes(unittest.TestCase):
    def problems(self, *files):
        with tempfile.TemporaryDirectory() as name:
            root = pathlib.Path(name)
            for folder in ("include/gateway", "src", "tools/simulator"):
                (root / folder).mkdir(parents=True)
            for path, header in files:
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(f"#include {header}\n", encoding="utf-8")
            return checker.check(root, MODULES)[0]

    def test_each_is_found(self):
        for path, header in [
            ("src/policy/a.cpp", '"gateway/http/session.hpp"'),
            ("src/upstream/a.cpp", '"gateway/policy/rules.hpp"'),
            ("include/gateway/base/a.hpp", '"gateway/config/settings.hpp"'),
            ("src/http/a.cpp", '"gateway/nowhere/a.hpp"'),
            ("src/http/a.cpp", '"../policy/compiled.hpp"'),
            ("src/cellar/a.cpp", "<string>"),
            ("src/policy/a.cpp", "<yaml-cpp/yaml.h>"),
            ("src/signing/a.cpp", "<boost/asio/awaitable.hpp>"),
            ("src/outcome/a.cpp", "<sys/socket.h>"),
            ("src/message/a.cpp", "<boost/asio/ip/tcp.hpp>"),
            ("src/main.cpp", '"gateway/runtime/serve.hpp"'),
            ("tools/simulator/a.cpp", '"gateway/signing/signature.hpp"'),
        ]:
            with self.subTest(path=path, header=header):
                self.assertEqual(len(self.problems((path, header))), 1)

    def test_a_module_may_use_none_below_it(self):
        with tempfile.TemporaryDirectory() as name:
            root = pathlib.Path(name)
            for folder in ("include/gateway", "src", "tools/simulator"):
                (root / folder).mkdir(parents=True)
            self.assertEqual(len(checker.check(root, {"base": ["config"], "config": []})[0]), 1)

    def test_the_modules_are_cmakes(self):
        self.assertEqual(list(MODULES)[0], "base")
        self.assertEqual(MODULES["base"], [])
        self.assertIn("net", MODULES["upstream"])

    def test_a_right_one_is_none(self):
        self.assertEqual(self.problems(("src/policy/a.cpp", '"gateway/config/settings.hpp"')), [])
        self.assertEqual(self.problems(("src/config/a.cpp", "<yaml-cpp/yaml.h>")), [])
        self.assertEqual(self.problems(("src/main.cpp", '"gateway/cli/main.hpp"')), [])


if __name__ == "__main__":
    unittest.main()
