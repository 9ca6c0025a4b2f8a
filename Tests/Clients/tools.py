"""What people mount a disk with: rclone and davfs2 with the credential as a header, and a friend's narrowed credential.

These are no L402 clients: their header stays what it was. They are told `402` in their own words when the time is over,
and go on when somebody has paid.
"""

import os
import secrets
import shutil
import subprocess
import time

from report import same


def try_tools(world, report):
    disk = Disk(world)
    for column, title, work in [
        ("rent", "opens a disk with its header", disk.rent), ("use", "copies, syncs and checks", disk.copy_and_check),
        ("use", "past the quota it says so, and loses nothing else", disk.overfill),
    ]:
        report.cell("rclone", column, title, work)
    report.note("rclone", "--header or --webdav-headers; told 402 when the time is over, goes on when it is paid")
    for name, work in [("rclone", disk.mount), ("davfs2", disk.davfs)]:
        if os.path.exists("/dev/fuse"):
            report.cell(name, "use", "mounts, writes and reads", work)
        else:
            report.skip(name, "mounts", "no /dev/fuse here")
    report.note("davfs2", "add_header in its configuration")
    report.cell("rclone", "return", "is told of 402, and goes on after the renewal", until_it_is_paid, world)
    friend = Friend(world, disk)
    report.step("a narrowed credential is minted", friend.narrow)
    report.step("rclone with it reads its folder", friend.reads_its_folder)
    report.step("rclone with it reads nothing else", friend.reads_nothing_else)
    report.step("rclone with it writes nothing", friend.writes_nothing)
    report.step("and it is no more after its owner has revoked it", friend.revoked)


def rclone(url, credential, *arguments, check=True, folder=None):
    """Runs rclone once, without its own retries, so that a refusal is seen and not waited for."""
    said = subprocess.run(
        ["rclone", "--config", "/dev/null", "--webdav-url", url, "--webdav-vendor", "other", "--header",
         f"Authorization: {credential}", "--retries", "1", "--low-level-retries", "1", *arguments],
        capture_output=True, text=True, cwd=folder, timeout=120)
    assert not check or said.returncode == 0, f"rclone {arguments[0]}: {said.stderr[-600:]}"
    return said


class Disk:
    """A disk for a day with a tree of files, and the same tree here."""

    def __init__(self, world):
        self.world = world
        self.tree = world.work / "tree"
        self.lease = self.credential = self.url = None

    def rent(self):
        self.lease, self.credential = self.world.rent("day-disk")
        self.url = f"{self.world.server}/dav/{self.lease}/"
        for folder in ("photos", "photos/2026", "letters"):
            (self.tree / folder).mkdir(parents=True, exist_ok=True)
        for name, size in [("photos/a.jpg", 300_000), ("photos/2026/b c ü.jpg", 1), ("letters/to whom.txt", 5000),
                           ("empty", 0)]:
            (self.tree / name).write_bytes(secrets.token_bytes(size))
        rclone(self.url, self.credential, "lsf", ":webdav:")

    def copy_and_check(self):
        rclone(self.url, self.credential, "copy", str(self.tree), ":webdav:")
        rclone(self.url, self.credential, "check", "--download", str(self.tree), ":webdav:")
        (self.tree / "letters/another.txt").write_text("new")
        (self.tree / "empty").unlink()
        rclone(self.url, self.credential, "sync", str(self.tree), ":webdav:")
        rclone(self.url, self.credential, "check", "--download", str(self.tree), ":webdav:")
        listed = rclone(self.url, self.credential, "lsf", "-R", "--files-only", ":webdav:").stdout.splitlines()
        same("files", ["letters/another.txt", "letters/to whom.txt", "photos/2026/b c ü.jpg", "photos/a.jpg"],
             sorted(listed))

    def overfill(self):
        large = self.world.work / "large"
        large.mkdir()
        (large / "large.bin").write_bytes(secrets.token_bytes(70_000_000))
        said = rclone(self.url, self.credential, "copy", str(large), ":webdav:", check=False)
        assert said.returncode != 0 and "507" in said.stderr, said.stderr[-600:]
        (large / "large.bin").unlink()
        rclone(self.url, self.credential, "check", "--download", str(self.tree), ":webdav:")

    def mount(self):
        point = self.world.work / "mounted-rclone"
        point.mkdir()
        with subprocess.Popen(
            ["rclone", "--config", "/dev/null", "mount", f":webdav,url='{self.url}',vendor=other:", str(point),
             "--webdav-headers", f"Authorization,{self.credential}", "--vfs-cache-mode", "off", "-v"],
            stderr=subprocess.PIPE) as mounting:
            try:
                deadline = time.monotonic() + 60
                while not os.path.ismount(point):
                    assert mounting.poll() is None, mounting.stderr.read()[-2000:]
                    assert time.monotonic() < deadline, "it does not mount"
                    time.sleep(0.05)
                same("a file", (self.tree / "photos/a.jpg").read_bytes(), (point / "photos/a.jpg").read_bytes())
                (point / "letters/from a mount.txt").write_text("written")
                (point / "letters/from a mount.txt").rename(point / "letters/renamed.txt")
            finally:
                # What was just closed keeps it busy for a moment.
                deadline = time.monotonic() + 60
                while os.path.ismount(point) and time.monotonic() < deadline:
                    if subprocess.run(["umount", str(point)], capture_output=True).returncode:
                        time.sleep(0.1)
                if os.path.ismount(point):
                    mounting.kill()
                mounting.communicate(timeout=60)
        same("what was written", b"written",
             self.world.ask("GET", f"/dav/{self.lease}/letters/renamed.txt", credential=self.credential).body)

    def davfs(self):
        point, settings = self.world.work / "mounted-davfs", self.world.work / "davfs2.conf"
        point.mkdir()
        cache = self.world.work / "davfs-cache"
        cache.mkdir()
        # It gives up its rights when it has mounted, and wants a folder of its group.
        shutil.chown(cache, "root", "davfs2")
        cache.chmod(0o775)
        settings.write_text(
            f"ask_auth 0\nadd_header Authorization \"{self.credential}\"\ncache_dir {cache}\ndelay_upload 0\n")
        settings.chmod(0o600)
        said = subprocess.run(
            ["mount.davfs", self.url, str(point), "-o", f"conf={settings},uid=0,gid=0"], capture_output=True, text=True,
            stdin=subprocess.DEVNULL, timeout=60)
        assert said.returncode == 0, said.stderr
        try:
            same("a file", (self.tree / "photos/a.jpg").read_bytes(), (point / "photos/a.jpg").read_bytes())
            (point / "letters/from davfs.txt").write_text("written")
        finally:
            # Waits until everything is uploaded.
            gone = subprocess.run(["umount", str(point)], capture_output=True, text=True, timeout=60)
        assert gone.returncode == 0, gone.stderr
        same("what was written", b"written", self.world.ask(
            "GET", f"/dav/{self.lease}/letters/from%20davfs.txt", credential=self.credential).body)


def until_it_is_paid(world):
    lease, credential = world.rent("spell-disk")
    url = f"{world.server}/dav/{lease}/"
    (world.work / "note.txt").write_text("kept")
    rclone(url, credential, "copyto", str(world.work / "note.txt"), ":webdav:note.txt")
    world.await_event(lease, credential, "suspended")
    said = rclone(url, credential, "cat", ":webdav:note.txt", check=False)
    assert said.returncode != 0 and "402" in said.stderr, said.stderr[-600:]
    answer, renewed = world.buy("POST", f"/v1/leases/{lease}/renewals", {"periods": 2}, credential)
    answer.expect(200)
    world.await_event(lease, renewed, "resumed")
    same("the file", "kept", rclone(url, renewed, "cat", ":webdav:note.txt").stdout)


class Friend:
    """Somebody who was lent one folder, to read, for ten minutes."""

    def __init__(self, world, disk):
        self.world, self.disk = world, disk
        self.credential = self.token = None

    def narrow(self):
        caveats = ["leasehold_capabilities=read", "leasehold_path=/photos",
                   f"leasehold_valid_until={int(time.time()) + 600}"]
        minted = self.world.ask(
            "POST", f"/v1/leases/{self.disk.lease}/credentials", {"caveats": caveats}, self.disk.credential).expect(201)
        self.credential = f"L402 {minted.json()['macaroon']}:{self.disk.credential.rpartition(':')[2]}"
        self.token = minted.json()["token"]

    def rclone(self, path, *arguments, **more):
        return rclone(self.disk.url + path, self.credential, *arguments, **more)

    def reads_its_folder(self):
        got = self.world.work / "got"
        self.rclone("photos/", "copy", ":webdav:", str(got))
        same("what it got", 0, subprocess.run(["diff", "-r", self.disk.tree / "photos", got]).returncode)

    def reads_nothing_else(self):
        for path in ("", "letters/", "photos/../letters/", "photos/%2e%2e/letters/", "photosynthesis/"):
            said = self.rclone(path, "lsf", ":webdav:", check=False)
            assert said.returncode != 0 and not said.stdout.strip(), f"{path} shows {said.stdout}"
        self.world.ask("GET", f"/dav/{self.disk.lease}/letters/another.txt", credential=self.credential).expect(403)
        self.world.ask("DELETE", f"/v1/leases/{self.disk.lease}", credential=self.credential).expect(403)

    def writes_nothing(self):
        said = self.rclone("photos/", "copy", str(self.disk.tree / "letters"), ":webdav:", check=False)
        assert said.returncode != 0, "it wrote"
        said = self.rclone("photos/", "delete", ":webdav:", check=False)
        assert said.returncode != 0, "it deleted"
        rclone(self.disk.url, self.disk.credential, "check", "--one-way", "--download", str(self.disk.tree), ":webdav:")

    def revoked(self):
        self.world.ask("DELETE", f"/v1/leases/{self.disk.lease}/credentials/{self.token}",
                       credential=self.disk.credential).expect(204)
        # The bound for a revocation to reach every door is two seconds.
        deadline = time.monotonic() + 2
        while (said := self.rclone("photos/", "lsf", ":webdav:", check=False)).returncode == 0:
            assert time.monotonic() < deadline, "it still reads"
        assert "401" in said.stderr, said.stderr[-300:]
