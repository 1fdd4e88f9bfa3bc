"""Wrong settings are named with file, line and the nearest key; variables override; SIGHUP reloads what it can."""

import signal

from salon import check

USERS = ["alice"]


def wrong(salon, text, *words):
    """check config must refuse this text with these words."""
    file = salon.dir / "wrong.yaml"
    file.write_text(text)
    for command in (["check", "config"], ["serve"]):
        output = salon.run([salon.binary, *command, "--data", str(salon.dir / "unused"), "--config", str(file)], code=1)
        for word in words:
            check(word in output, f"{word!r} is not in: {output}")
    check(not (salon.dir / "unused").exists(), "a data directory was made though the settings are wrong")


async def run(salon):
    wrong(salon, "# first line\nregstration: open\n", "wrong.yaml:2", "regstration", "registration")
    wrong(salon, "limits:\n  login_time: 30\n", "wrong.yaml:2", "limits.login_time", "30s")
    wrong(salon, "auth:\n  tries: many\n", "wrong.yaml:2", "auth.tries")
    wrong(salon, "hosts: [\n", "wrong.yaml")
    output = salon.cli("config", "print", code=1, env={"SALON_CFG_LIMITS__STANZAS": "1MiB"})
    check("SALON_CFG_LIMITS__STANZAS" in output and output.rstrip().endswith("SALON_CFG_LIMITS__STANZA"), f"{output}")
    output = salon.cli("config", "print", env={"SALON_CFG_LIMITS__STANZA": "512KiB"})
    check("stanza: 512KiB" in output, f"the variable has no effect: {output}")
    salon.cli("check", "config")

    alice = await salon.login("alice")
    good = salon.config.read_text()
    salon.config.write_text(good + "log: {level: debug}\nregistration: open\narchive: {batch_rows: 500}\n")
    salon.signal(signal.SIGHUP)
    check("registration" in salon.logged("msg=reloaded"), "the reload does not name registration")
    check("archive.batch_rows" in salon.logged("wait for a restart"), "the log does not name what waits for a restart")
    _, features = await alice.info("localhost")
    check("jabber:iq:register" in features, "registration is not open after the reload")

    salon.expected_errors = "reload failed"
    salon.config.write_text(good + "nonsense: 1\n")
    salon.signal(signal.SIGHUP)
    check("nonsense" in salon.logged("reload failed"), "the log does not name the wrong key")
    await alice.ping()
    salon.config.write_text(good)
    salon.signal(signal.SIGHUP)
    await (await salon.login("alice", resource="later")).ping()
