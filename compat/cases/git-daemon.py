# SPDX-License-Identifier: MIT
from suite.crowd import crowd, expect

PACKAGES = ["git"]
PROGRAM = "git"
HARD = ("It forks a child per request after the first wait; upload-pack and "
        "the client wait on pipes and sockets together.")
SUBSET = True


def start(box):
    for number in range(50):
        box.payload(f"tree/file{number}", 2000 * number, f"g{number}")
    git = ("git", "-c", "user.name=n", "-c", "user.email=e", "-c",
           "init.defaultBranch=main", "-C", box.path("tree"))
    env = {"GIT_AUTHOR_DATE": "2001-01-01T00:00:00Z",
           "GIT_COMMITTER_DATE": "2001-01-01T00:00:00Z",
           "GIT_CONFIG_NOSYSTEM": "1"}
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        box.plain(*git, *words, env=env)
    box.start("git", "daemon", "--reuseaddr", "--export-all",
              "--enable=receive-pack", "--max-connections=0", "--listen=127.0.0.1",
              f"--port={box.port()}", f"--base-path={box.dir}",
              ready=box.port(), env=env)


async def rest(connection):
    got = await connection.to_end()
    expect(got[-4:], b"0000")
    return got


async def talk(connection, _number):
    """Wants nothing of what there is."""
    await connection.send(b"0000")
    return await rest(connection)


async def half(connection, _number):
    await connection.send(b"0000")
    connection.half_close()
    return await rest(connection)


def work(box):
    url = f"git://127.0.0.1:{box.port()}/tree"
    for number in range(3):
        box.run("git", "clone", "-q", url, box.path(f"copy{number}"))
        box.saw(f"head {number}", box.plain(
            "git", "-C", box.path(f"copy{number}"), "rev-parse", "HEAD"))
    box.plain("git", "-C", box.path("copy0"), "fsck", "--strict")
    box.payload("copy0/new", 300000, "new")
    git = ("git", "-c", "user.name=n", "-c", "user.email=e", "-C",
           box.path("copy0"))
    env = {"GIT_AUTHOR_DATE": "2002-01-01T00:00:00Z",
           "GIT_COMMITTER_DATE": "2002-01-01T00:00:00Z"}
    box.plain(*git, "add", ".", env=env)
    box.plain(*git, "commit", "-qm", "two", env=env)
    box.run(*git, "push", "-q", "origin", "HEAD:refs/heads/pushed")
    box.saw("pushed", box.plain("git", "-C", box.path("tree"), "rev-parse",
                                "pushed"))
    head = box.plain("git", "-C", box.path("tree"), "rev-parse", "HEAD")
    async def greet(connection):
        """Asks what there is. No more than five may wait for accept()."""
        asked = b"git-upload-pack /tree\0host=localhost\0"
        await connection.send(b"%04x%s" % (len(asked) + 4, asked))
        expect((await connection.until())[4:44], head.strip())

    crowd(box, box.port(), talk, greet=greet, half=half, active=4, word=b"0fff")
