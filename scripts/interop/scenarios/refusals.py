"""What Salon cannot do it says in one line that names the remedy, exits with 1 and damages nothing."""

import hashlib
import socket
import subprocess

from salon import check

START = False


def refuses(salon, *words):
    """serve must end with 1 and one line that contains the words."""
    output = salon.cli("serve", code=1).strip()
    check(len(output.splitlines()) == 1, f"more than one line: {output}")
    for word in words:
        check(word in output, f"{word!r} is not in: {output}")


def digest(directory):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in directory.rglob("*") if path.is_file()}


def sql(database, statement):
    return subprocess.run(["sqlite3", database, statement], check=True, capture_output=True, text=True).stdout.strip()


async def run(salon):
    good = salon.config.read_text()

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        salon.config.write_text(f'listen: {{c2s: ["127.0.0.1:{port}"], c2s_direct: ["127.0.0.1:0"], http: "127.0.0.1:0"}}\n')
        refuses(salon, f"127.0.0.1:{port}", "listen.c2s")
    salon.config.write_text(good)

    file = salon.dir / "file"
    file.write_text("precious")
    data, salon.data = salon.data, file
    refuses(salon, str(file), "--data")
    salon.data = file / "below"
    refuses(salon, str(file), "--data")
    check(file.read_text() == "precious", "the file is damaged")
    salon.data = data

    salon.start()
    refuses(salon, str(data))  # the directory has its server
    salon.stop()

    database = data / "salon.db"
    sql(database, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)")
    before = digest(data)
    refuses(salon, "salon.db", "newer")
    check(digest(data) == before, f"files changed: {set(digest(data).items()) ^ set(before.items())}")
    sql(database, "DELETE FROM goose_db_version WHERE version_id = 99999")
    salon.start()
