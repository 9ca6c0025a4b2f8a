"""PyPI's lightning-enable-mcp: the client under its MCP tools, which pays for nothing but GET.

It reaches no address of this machine, which is right where a model says what is fetched; the transport that sees to that is
left out here, and nothing else.
"""

import httpx
import lightning_enable_mcp.l402_client as library
from guest import pay, serve

library.build_ssrf_safe_async_transport = httpx.AsyncHTTPTransport


class Purse:
    async def pay_invoice(self, invoice, *arguments, **more):
        return pay(invoice)


client = None


async def ask(url, credential=None):
    global client
    client = client or library.L402Client(Purse())
    text, paid, _ = await client.fetch(url, headers={"Authorization": credential} if credential else None, max_sats=100)
    return {"text": text, "paid": paid}


serve(ask)
