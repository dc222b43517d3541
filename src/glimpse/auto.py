"""``GLIMPSE_AUTO=1``: what the start-up file and ``glimpse run`` call before the program's first line."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from glimpse.bundle import Bundle
    from glimpse.config import Config
    from glimpse.hook.waiting import Waiting
    from glimpse.policy import Decider
    from glimpse.tracer import Tracer

__all__ = ["auto", "prepare"]


def auto() -> None:
    """Install what the environment asks for, once in a process.

    Never raises: where that cannot be done, one line on stderr says why, and the program runs untraced.
    """
    wanted = os.environ.get(_AUTO, "")
    if not wanted or _done:
        return
    _done.append(True)
    try:
        if wanted == "1" or _is_yes(wanted):
            _install()
    except Exception as error:
        _say_no_effect(str(error) or type(error).__name__)


_AUTO = "GLIMPSE_AUTO"  # as in ``startup``, which comes with the bundle
_CACHE = "GLIMPSE_CACHE_DIR"
_done: list[bool] = []  # a virtual environment runs start-up files twice, and `glimpse run` has a second way in


def _say_no_effect(reason: str) -> None:
    from glimpse.hook.startup import AUTO
    from glimpse.hook.status import say

    say(f"{AUTO}={os.environ.get(AUTO, '')} has no effect: {' '.join(reason.split())}")


def _is_yes(text: str) -> bool:
    from glimpse.errors import ConfigError, bad_value
    from glimpse.hook.startup import AUTO
    from glimpse.parsers import flag

    try:
        return bool(flag(text))
    except ValueError as error:
        raise ConfigError(bad_value(AUTO, text, str(error))) from None


def _install() -> None:
    """Wait for the first included module, unless the configuration asks for something that cannot wait."""
    from glimpse.bundle import AT_START, Bundle
    from glimpse.collector import Uncollected

    bundle = Bundle(os.environ.get(_CACHE))
    installed: list[Tracer] = []

    def begin() -> None:
        installed.append(_begin(bundle, policy, config))

    with Uncollected():
        with bundle.part(AT_START):
            policy, config, waiting = _prepared(begin, installed)
        if config.propagate or config.flush_on_sigterm or not waiting.connect():
            begin()


def _prepared(begin: Callable[[], None], installed: list[Tracer]) -> tuple[Decider, Config, Waiting]:
    from glimpse.config import Config
    from glimpse.hook.startup import STATS
    from glimpse.hook.waiting import Waiting
    from glimpse.process import at_exit

    config = Config()
    policy = _policy(config)
    folder = os.environ.get(STATS)
    if folder is not None:
        at_exit(lambda: _leave_stats(folder, installed))  # asked first, so called last: when everything is written
    return policy, config, Waiting(policy, begin, _say_no_effect)


def _begin(bundle: Bundle, policy: Decider, config: Config, *, waits: bool = False) -> Tracer:
    """Load what records calls: from a bundle, which is completed at the end of the process."""
    from glimpse.bundle import RECORDING
    from glimpse.collector import Uncollected
    from glimpse.process import at_exit

    bundle.move(os.fspath(config.cache_dir) if config.cache_dir else None)
    use = f"{config.dest} {config.propagate} {config.flush_on_sigterm} {config.enable_trace_id}"
    with Uncollected(), bundle.part(RECORDING, use):
        from glimpse import tracer
        from glimpse.values import expect_objects

        installed = tracer.install(policy, config)
        expect_objects()
    at_exit(lambda: bundle.complete(waits=waits))
    return installed


def prepare() -> None:
    """Leave behind what the first traced process would, for later ones that may not write it."""
    from glimpse.bundle import AT_START, Bundle

    os.environ["GLIMPSE_INCLUDE"] = __name__
    os.environ.update({"GLIMPSE_DEST": "jsonl", "GLIMPSE_LOG_PATH": os.devnull})
    bundle = Bundle(os.environ.get(_CACHE))
    with bundle.part(AT_START):
        policy, config, _ = _prepared(lambda: None, [])
    _begin(bundle, policy, config, waits=True)


def _policy(config: Config) -> Decider:
    """The policy of ``GLIMPSE_INCLUDE``, else that of the policy file.

    :raises PolicyNotFound: there is none.
    """
    from glimpse.hook.startup import INCLUDE, POLICY
    from glimpse.policy import PolicySet, TracingPolicy

    included = os.environ.get(INCLUDE, "")
    if included and not os.environ.get(POLICY):
        from glimpse.parsers import texts

        return TracingPolicy(included_packages=texts(included))
    return PolicySet.discover() if config.policy is None else PolicySet.from_file(config.policy)


def _leave_stats(folder: str, installed: list[Tracer]) -> None:
    """Leave this process's statistics for the summary of ``glimpse run``; none where nothing included was imported."""
    import json

    try:
        path = os.path.join(folder, f"{os.getpid()}.json")
        with open(f"{path}.tmp", "w", encoding="utf-8") as file:
            json.dump(installed[0].stats() if installed else {}, file, default=str)
        os.replace(f"{path}.tmp", path)
    except Exception:  # the program has ended well, and a summary is no reason to say otherwise
        return
