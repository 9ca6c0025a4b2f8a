"""`leasehold mcp`, with the client of the Model Context Protocol's own library: a model that rents, uses what it rented,
and is held to what it may spend.
"""

import asyncio
import os

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from report import same


def try_model(world, report):
    model = Model(world)
    report.step("mcp: its client lists the tools, and each has a schema", model.do, model.lists)
    report.step("mcp: a disk is rented, written, read, renewed", model.do, model.rents_a_disk)
    report.step("mcp: a container is rented, and runs a command", model.do, model.rents_a_box)
    report.step("mcp: what is too dear is not paid, and says so", model.do, model.is_bounded)
    report.step("mcp: a lease is ended only when that is said", model.do, model.ends)


class Model:
    def __init__(self, world):
        self.world = world
        self.state = world.work / "model"

    def do(self, work):
        async def all_of_it():
            server = StdioServerParameters(
                command=str(self.world.programs / "leasehold"),
                args=["mcp", "--server", self.world.server, "--state-directory", str(self.state), "--max-sats", "60"],
                env={"PATH": os.environ["PATH"], "HOME": str(self.world.work)})
            async with stdio_client(server) as (reading, writing), ClientSession(reading, writing) as session:
                await session.initialize()
                await work(session)
        asyncio.run(asyncio.wait_for(all_of_it(), 180))

    async def call(self, session, tool, fails=False, **arguments):
        result = await session.call_tool(tool, arguments)
        said = "\n".join(getattr(part, "text", "") for part in result.content)
        failed = getattr(result, "is_error", None)
        if failed is None:
            failed = getattr(result, "isError", False)
        assert bool(failed) == fails, f"{tool}: {said}"
        document = getattr(result, "structured_content", None) or getattr(result, "structuredContent", None)
        return document, said

    async def lists(self, session):
        tools = (await session.list_tools()).tools
        names = {tool.name for tool in tools}
        assert {"offers", "rent", "renew", "exec", "put", "get", "release"} <= names, names
        assert "pay" not in names and "refund" not in names, names
        offers, _ = await self.call(session, "offers")
        assert "day-disk" in [offer["id"] for offer in offers["items"]], offers

    async def rents_a_disk(self, session):
        lease, said = await self.call(session, "rent", offer="day-disk", max_sats=50, name="notes")
        same("state", "active", lease["state"])
        assert "20 sat" in said, said
        text = "--server=http://elsewhere.example\nünd 'so' weiter\n"
        await self.call(session, "mkdir", lease="notes", path="/letters")
        await self.call(session, "put", lease="notes", path="/letters/one.txt", text=text)
        _, back = await self.call(session, "get", lease="notes", path="/letters/one.txt")
        same("text", text, back)
        listed, _ = await self.call(session, "ls", lease="notes", path="/letters")
        same("names", ["one.txt"], [item["name"] for item in listed["items"]])
        renewed, _ = await self.call(session, "renew", lease="notes", max_sats=50)
        assert renewed["paid_until"] > lease["paid_until"], renewed

    async def rents_a_box(self, session):
        await self.call(session, "rent", offer="day-box", max_sats=60, name="box", image="busybox")
        ran, _ = await self.call(
            session, "exec", lease="box", command=["/bin/sh", "-c", "cat; echo oh >&2; exit 7"], input="words\n")
        same("what it did", {"exit_code": 7, "stdout": "words\n", "stderr": "oh\n"}, ran)

    async def is_bounded(self, session):
        _, said = await self.call(session, "rent", fails=True, offer="day-disk", max_sats=61)
        assert "60 sat" in said, said
        _, said = await self.call(session, "rent", fails=True, offer="day-disk", max_sats=19)
        assert "20 sat" in said, said
        _, said = await self.call(session, "rent", fails=True, offer="no-such-offer", max_sats=19)
        assert "no-such-offer" in said or "offer" in said, said

    async def ends(self, session):
        for name in ("notes", "box"):
            await self.call(session, "release", fails=True, lease=name, erase_data=False)
            ended, _ = await self.call(session, "release", lease=name, erase_data=True)
            assert ended["state"] in ("releasing", "closed", "reclaiming"), ended["state"]
