"""What was tried and what came of it: a line for each step, a table of the clients, and the sums at the end."""

import time
import traceback


class Report:
    def __init__(self):
        self.passed = 0
        self.failures = []
        self.rows = {}

    def step(self, title, work, *arguments):
        """Does one thing and says how it went. A failure is told and counted; what follows is tried all the same."""
        began = time.monotonic()
        try:
            work(*arguments)
        except Exception as error:  # whatever a client throws is a finding, not the end
            reason = (str(error).strip() or type(error).__name__)[:2500]
            place = traceback.extract_tb(error.__traceback__)
            ours = [frame for frame in place if "/Tests/Clients/" in frame.filename and "report.py" not in frame.filename]
            near = (ours or place)[-1]
            self.failures.append((title, f"{near.filename.rsplit('/', 1)[-1]}:{near.lineno}: {reason}"))
            print(f"✗ {title}\n  {self.failures[-1][1]}", flush=True)
            return False
        self.passed += 1
        print(f"✓ {title} ({time.monotonic() - began:.1f} s)", flush=True)
        return True

    def cell(self, client, column, title, work, *arguments):
        """A step that is also a cell of the table."""
        done = self.step(f"{client}: {title}", work, *arguments)
        row = self.rows.setdefault(client, {})
        row[column] = "yes" if done and row.get(column) != "NO" else "NO"

    def skip(self, client, title, reason):
        """Something this machine cannot do: said, not counted."""
        print(f"- {client}: {title}: skipped, {reason}", flush=True)

    def note(self, client, words):
        self.rows.setdefault(client, {})["notes"] = words

    def table(self, columns):
        lines = [["client", *columns]]
        lines += [[client, *(row.get(column, "-") for column in columns)] for client, row in self.rows.items()]
        widths = [max(len(line[index]) for line in lines) for index in range(len(lines[0]))]
        for line in lines:
            print("  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip())

    def end(self):
        """The failures once more, then the sums. Returns the status to exit with."""
        for title, reason in self.failures:
            print(f"✗ {title}\n  {reason}")
        print(f"{self.passed} passed, {len(self.failures)} failed", flush=True)
        return 1 if self.failures or not self.passed else 0


def same(what, expected, found):
    assert expected == found, f"{what}: expected {expected!r}, found {found!r}"


def within(what, allowed, found):
    assert found in allowed, f"{what}: expected one of {sorted(allowed)}, found {found!r}"
