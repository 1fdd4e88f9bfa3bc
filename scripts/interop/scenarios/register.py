"""Strangers make an account where the server allows it; users change their password and remove their account (XEP-0077)."""

from slixmpp.xmlstream import ET

from client import Client
from salon import PASSWORD, check

CONFIG = "registration: open\n"

REGISTER = "{jabber:iq:register}"


def fill(iq, **fields):
    query = ET.SubElement(iq.xml, REGISTER + "query")
    for name, value in fields.items():
        ET.SubElement(query, REGISTER + name).text = value
    return iq


class Newcomer(Client):
    """Makes its account before it logs in, once the server says that it may."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.asked_for = None
        self._always_send_everything = True  # this slixmpp holds all requests back until the login
        self.add_event_handler("register", self.register)

    async def register(self, form):
        self.asked_for = {child.tag.removeprefix(REGISTER) for child in form.xml.find(REGISTER + "query")}
        await self.ask(fill(self.make_iq_set(), username=self.requested_jid.user, password=self.password))


async def run(salon):
    newcomer = Newcomer(salon, "carol")
    salon.clients.append(newcomer)
    await newcomer.login()
    check({"username", "password"} <= newcomer.asked_for, f"asked for {newcomer.asked_for}")
    await newcomer.leave()

    carol = await salon.login("carol")
    await carol.ask(fill(carol.make_iq_set(ito="localhost"), username="carol", password="new secret"))
    await carol.ping()
    await carol.leave()
    old = Client(salon, "carol", password=PASSWORD)
    check(await old.negotiate() == "failed_all_auth", "the old password still works")
    await old.leave()

    carol = await salon.login("carol", password="new secret")
    await carol.ask(fill(carol.make_iq_set(ito="localhost"), remove=""))
    await carol.closed()
    gone = Client(salon, "carol", password="new secret")
    check(await gone.negotiate() == "failed_all_auth", "a removed account can log in")
    await gone.leave()
