"""An installed weir serves a project that knows nothing but find_package(weir)."""

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("WEIR_BUILD", ROOT / "build" / "release"))
SANITIZER_FLAGS = {"asan": "-fsanitize=address,undefined", "tsan": "-fsanitize=thread"}


def run(*words):
    words = [str(word) for word in words]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("installed")
    run("cmake", "--install", BUILD, "--prefix", prefix)
    return prefix


def test_a_consumer_builds_and_runs_against_the_installed_package(prefix, tmp_path):
    flags = SANITIZER_FLAGS.get(BUILD.name, "")
    run("cmake", "-S", ROOT / "examples" / "consumer", "-B", tmp_path, "-G", "Ninja",
        f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCMAKE_CXX_FLAGS={flags}")
    run("cmake", "--build", tmp_path)
    assert run(tmp_path / "consumer") == (
        "cost 1: admitted\n"
        "cost 100: refused by no-huge-work, quota: 100 of 10\n"
        "cost 1: admitted\n"
        "cost 1: refused by limiter, concurrency_limit: 2 of 2\n"
        "outstanding: 0\n")


def test_the_command_is_installed(prefix):
    assert run(prefix / "bin" / "weir", "version").startswith("weir ")


def public_headers(folder):
    names = [str(header.relative_to(folder)) for header in sorted(folder.rglob("*.h"))]
    assert "weir/policy/policy_stack.h" in names
    return names


def newest_clang():
    versions = [f"clang++-{version}" for version in range(29, 13, -1)]
    return next((name for name in [*versions, "clang++"] if shutil.which(name)), None)


@pytest.mark.skipif(BUILD.name in SANITIZER_FLAGS, reason="the same headers as without sanitizers")
@pytest.mark.parametrize("compiler", ["g++", newest_clang() or "clang++"])
def test_every_public_header_compiles_alone(compiler):
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    sources = BUILD / "headers"
    sources.mkdir(exist_ok=True)
    cache = ["ccache"] if shutil.which("ccache") else []

    def compile_alone(name):
        source = sources / (name.replace("/", "_") + ".cc")
        text = f'#include "{name}"\n'
        if not source.exists() or source.read_text() != text:
            source.write_text(text)
        run(*cache, compiler, "-std=c++20", "-Wall", "-Wextra", "-Werror", f"-I{ROOT / 'include'}",
            "-c", source, "-o", source.with_suffix(f".{compiler}.o"))

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        list(pool.map(compile_alone, public_headers(ROOT / "include")))  # raises what one raised


def test_every_public_header_is_installed(prefix):
    assert public_headers(prefix / "include") == public_headers(ROOT / "include")


def test_the_package_names_no_folder_of_the_build_machine(prefix):
    for file in (prefix / "lib").rglob("*.cmake"):
        assert str(ROOT) not in file.read_text(), file
