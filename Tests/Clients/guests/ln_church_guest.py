"""PyPI's ln-church-agent: a client of paid services for agents, with a wallet of one's own."""

from guest import pay, serve
from ln_church_agent.client import Payment402Client


class Purse:
    def pay_invoice(self, invoice):
        return pay(invoice)


client = Payment402Client(ln_adapter=Purse())


async def ask(method, url, document=None, credential=None):
    result = await client.execute_detailed_async(
        method, url, document, {"Authorization": credential} if credential else None)
    return {"status": 200, "document": result.response}


serve(ask)
