"""A slixmpp client whose received stanzas a scenario takes one by one: `await bob.message(body="hi")`."""

import asyncio

import slixmpp
from slixmpp.exceptions import IqError
from slixmpp.xmlstream import ET

from salon import HOST, PASSWORD, ROOMS, Failure, check

LIMIT = 10  # seconds to wait for anything

MUC = "http://jabber.org/protocol/muc"
MUC_USER = MUC + "#user"

PLUGINS = """xep_0004 xep_0012 xep_0030 xep_0045 xep_0048 xep_0049 xep_0050 xep_0054 xep_0059 xep_0077 xep_0092
xep_0115 xep_0184 xep_0191 xep_0198 xep_0199 xep_0202 xep_0203 xep_0249 xep_0280 xep_0297 xep_0313 xep_0359 xep_0421""".split()


class Client(slixmpp.ClientXMPP):
    """One session. direct: TLS from the first byte; mechanism: the only one to use; trust: check the certificate."""

    def __init__(self, salon, name, *, resource=None, password=PASSWORD, direct=False, mechanism=None, trust=True):
        jid = f"{name}@{HOST}" + (f"/{resource}" if resource else "")
        super().__init__(jid, password, sasl_mech=mechanism)
        self.salon = salon
        self.direct = direct
        self.inbox = []  # stanzas that nobody took yet
        self.arrived = asyncio.Event()
        if trust:
            self.ca_certs = salon.certificate()
        else:
            self.ssl_context.check_hostname = False
            self.ssl_context.verify_mode = 0
        for plugin in PLUGINS:
            self.register_plugin(plugin)
        self["xep_0198"].window = 1  # ask for an acknowledgement after each stanza
        self.roster.auto_authorize = None  # scenarios answer subscription requests
        self.roster.auto_subscribe = False
        self.add_filter("in", self._received)

    def _received(self, stanza):
        if stanza.name in ("message", "presence", "iq"):
            self.inbox.append(stanza)
            self.arrived.set()
        return stanza

    @property
    def mechanism(self):
        """The SASL mechanism of the last attempt."""
        return self["feature_mechanisms"].mech.name

    # --- the stream ---

    def dial(self):
        port = self.salon.direct_port if self.direct else self.salon.port
        self.default_domain = HOST  # the name in the certificate
        self.connect(("127.0.0.1", port), use_ssl=self.direct)

    async def _pick_dns_answer(self, domain, port=None):
        return None  # dial says where: no lookup, which knows the standard ports only

    async def negotiate(self):
        """Logs in as far as the session; returns the name of the event that ended the attempt, and keeps its stanza as last."""
        ends = ["session_start", "failed_all_auth", "session_resumed", "connection_failed"]
        done = asyncio.get_running_loop().create_future()
        handlers = {}
        for name in ends:
            handlers[name] = lambda stanza, name=name: done.done() or done.set_result((name, stanza))
            self.add_event_handler(name, handlers[name])
        try:
            self.dial()
            end, self.last = await asyncio.wait_for(done, LIMIT)
            return end
        except asyncio.TimeoutError:
            raise Failure(f"{self.requested_jid}: no session within {LIMIT} s") from None
        finally:
            for name in ends:
                self.del_event_handler(name, handlers[name])

    async def login(self):
        """Negotiates, fetches the roster and becomes available."""
        end = await self.negotiate()
        check(end == "session_start", f"{self.requested_jid}: {end}")
        await self.ask(self.make_iq_get("jabber:iq:roster"))
        self.send_presence()
        await self.presence(sender=self.boundjid.full)  # RFC 6121 §4.2.2: also to the resource itself
        return self

    async def leave(self):
        """Closes the stream, if it is open still."""
        self["xep_0198"].allow_resume = False
        self.end_session_on_disconnect = True
        if self.is_connected():
            await self.disconnect(2)
        self.cancel_connection_attempt()
        if self._run_out_filters:
            self._run_out_filters.cancel()

    def cut(self):
        """Ends the TCP connection without a word, as a network does."""
        self.transport.abort()

    def vanish(self):
        """Leaves the TCP connection to the server open, and neither reads nor writes on it any more."""
        self.transport.pause_reading()
        self.transport.set_protocol(asyncio.Protocol())
        self.vanished = self.transport  # else the collector closes it
        self.connection_lost(None)

    async def closed(self):
        """Waits until the server ended the connection."""
        try:
            if self.is_connected():
                await asyncio.wait_for(self.disconnected, LIMIT)
        except asyncio.TimeoutError:
            raise Failure(f"{self.boundjid}: still connected after {LIMIT} s") from None

    # --- what arrives ---

    async def take(self, kind, what, test):
        """Removes the first stanza of this kind that passes the test from the inbox, and waits for it if need be."""
        end = asyncio.get_running_loop().time() + LIMIT
        while True:
            for stanza in self.inbox:
                if stanza.name == kind and test(stanza):
                    self.inbox = [s for s in self.inbox if s is not stanza]  # slixmpp cannot compare all there are
                    return stanza
            self.arrived.clear()
            try:
                await asyncio.wait_for(self.arrived.wait(), end - asyncio.get_running_loop().time())
            except asyncio.TimeoutError:
                rest = "\n    ".join(str(s) for s in self.inbox if s.name == kind)
                raise Failure(f"{self.boundjid}: no {kind} {what} within {LIMIT} s; untaken:\n    {rest}") from None

    async def message(self, *, where=None, **wanted):
        """The next message with these: sender, body, subject, type; where: another test."""
        return await self.take("message", wanted, lambda m: fits(m, wanted) and (where is None or where(m)))

    async def presence(self, *, where=None, **wanted):
        """The next presence with these: sender, type, show, status_code (of a room, or several), condition (of an error)."""
        return await self.take("presence", wanted, lambda p: fits(p, wanted) and (where is None or where(p)))

    async def becomes(self, occupant, **wanted):
        """The next presence of an occupant with this affiliation or role."""
        return await self.presence(sender=occupant, type="", where=lambda p: all(room_item(p).get(k) == v for k, v in wanted.items()))

    async def nothing_more(self, kind, **wanted):
        """Fails if such a stanza is there. A ping to the server is the barrier: what was sent before it has arrived."""
        await self.ping()
        found = [s for s in self.inbox if s.name == kind and fits(s, wanted)]
        check(not found, f"{self.boundjid}: unexpected {kind} {wanted}: {[str(s) for s in found]}")

    # --- questions ---

    async def ask(self, iq):
        """Sends a request and returns the result."""
        try:
            result = await iq.send(timeout=LIMIT)
        except IqError as error:
            raise Refused(error.iq) from None
        self.inbox = [s for s in self.inbox if s is not result]
        return result

    async def refused(self, iq, condition):
        """Sends a request that must be answered with this error."""
        try:
            result = await self.ask(iq)
        except Refused as refusal:
            check(refusal.condition == condition, f"answered with {refusal.condition} instead of {condition}: {refusal}")
            return refusal.stanza
        raise Failure(f"{condition} expected, but the answer was {result}")

    async def ping(self, to=HOST):
        iq = self.make_iq_get(ito=to)
        iq.append(ET.Element("{urn:xmpp:ping}ping"))
        return await self.ask(iq)

    async def info(self, to, node=None):
        """disco#info: (identities as category/type, features)."""
        iq = await self["xep_0030"].get_info(to, node=node, timeout=LIMIT)
        identities = {f"{i[0]}/{i[1]}" for i in iq["disco_info"]["identities"]}
        return identities, set(iq["disco_info"]["features"])

    async def items(self, to):
        """disco#items: the addresses."""
        iq = await self["xep_0030"].get_items(to, timeout=LIMIT)
        return {str(item[0]) for item in iq["disco_items"]["items"]}

    async def room_name(self, room):
        """The name of a room in its disco#info."""
        iq = await self["xep_0030"].get_info(room, timeout=LIMIT)
        return next(i[3] for i in iq["disco_info"]["identities"] if i[0] == "conference")

    # --- messages ---

    def say(self, to, body, type="chat"):
        """Sends a message and returns its id."""
        message = self.make_message(to, body, mtype=type)
        message["id"] = self.new_id()
        message.send()
        return message["id"]

    # --- rooms ---

    def enter(self, room, nick, password=None, history=None):
        """Asks to join (XEP-0045 §7.2) and waits for nothing. history: the attributes of its element."""
        presence = self.make_presence(pto=f"{room}/{nick}")
        x = ET.SubElement(presence.xml, f"{{{MUC}}}x")
        if history is not None:
            ET.SubElement(x, f"{{{MUC}}}history", history)
        if password is not None:
            ET.SubElement(x, f"{{{MUC}}}password").text = password
        presence.send()

    async def join(self, room, nick, password=None, history=None):
        """Joins, and returns (own presence, bodies of the history, subject message)."""
        self.enter(room, nick, password, history)
        own = await self.presence(sender=f"{room}/{nick}", where=lambda p: p["type"] == "error" or 110 in codes(p))
        check(own["type"] != "error", f"{self.boundjid} could not join {room}: {own}")
        past = []
        while True:
            message = await self.take("message", "history or subject", lambda m: m["from"].bare == room and m["type"] == "groupchat")
            if message.xml.find("{jabber:client}body") is None and message.xml.find("{jabber:client}subject") is not None:
                return own, past, message
            past.append(message)

    async def refused_entry(self, room, nick, condition, password=None):
        """Tries to join and must be refused. Returns the error presence, which names the room's nick (XEP-0045 §7.2.6)."""
        self.enter(room, nick, password)
        error = await self.presence(sender=f"{room}/{nick}", where=lambda p: p["type"] == "error" or 110 in codes(p))
        check(error["type"] == "error", f"{self.boundjid} could join {room}")
        check(error["error"]["condition"] == condition, f"refused with {error['error']['condition']} instead of {condition}")
        check(error.xml.find(f"{{{MUC}}}x") is not None, f"the refusal does not repeat the x of the join: {error}")
        return error

    async def create_room(self, name, nick, **fields):
        """Creates a room: reserved with these fields (XEP-0045 §10.1.3), or without any an instant one (§10.1.2)."""
        room = f"{name}@{ROOMS}"
        self.enter(room, nick)
        own = await self.presence(sender=f"{room}/{nick}", where=lambda p: 110 in codes(p))
        check(201 in codes(own), f"no status 201 for a new room: {own}")
        await self.configure(room, **fields)
        await self.message(sender=room, where=lambda m: m.xml.find("{jabber:client}subject") is not None)
        return room

    async def room(self, name, nick):
        """Joins a room that is there already, such as the lobby, and returns its address."""
        room = f"{name}@{ROOMS}"
        await self.join(room, nick)
        return room

    async def configure(self, room, **fields):
        """Submits the owner's form with these muc#roomconfig_ fields; without any, an empty one."""
        form = ET.Element("{jabber:x:data}x", type="submit")
        if fields:
            add_field(form, "FORM_TYPE", MUC + "#roomconfig")
        for name, value in fields.items():
            add_field(form, "muc#roomconfig_" + name, value)
        return await self.ask(self.owner_query(room, "set", form))

    def owner_query(self, room, kind, child=None):
        iq = self.make_iq(itype=kind, ito=room)
        query = ET.Element(f"{{{MUC}#owner}}query")
        if child is not None:
            query.append(child)
        iq.append(query)
        return iq

    def destroy(self, room, reason):
        destroy = ET.Element(f"{{{MUC}#owner}}destroy")
        ET.SubElement(destroy, f"{{{MUC}#owner}}reason").text = reason
        return self.owner_query(room, "set", destroy)

    def admin_item(self, room, reason=None, **attributes):
        """A request to change a role or an affiliation (XEP-0045 §8 and §9)."""
        iq = self.make_iq(itype="set", ito=room)
        query = ET.Element(f"{{{MUC}#admin}}query")
        item = ET.SubElement(query, f"{{{MUC}#admin}}item", attributes)
        if reason:
            ET.SubElement(item, f"{{{MUC}#admin}}reason").text = reason
        iq.append(query)
        return iq


async def refused(request, condition):
    """What a plugin of slixmpp was asked to do must be answered with this error. Returns the error's text."""
    try:
        result = await asyncio.wait_for(request, LIMIT)
    except IqError as error:
        check(error.condition == condition, f"answered with {error.condition} instead of {condition}: {error.iq}")
        return error.text
    raise Failure(f"{condition} expected, but the answer was {result}")


class Refused(Failure):
    """An error in answer to a request."""

    def __init__(self, stanza):
        self.stanza = stanza
        self.condition = stanza["error"]["condition"]
        super().__init__(f"{stanza}")


def add_field(form, name, value):
    field = ET.SubElement(form, "{jabber:x:data}field", var=name)
    for one in value if isinstance(value, list) else [value]:
        ET.SubElement(field, "{jabber:x:data}value").text = one


def codes(presence):
    """The status codes of a room's stanza."""
    return {int(status.get("code")) for status in presence.xml.iterfind(f"{{{MUC_USER}}}x/{{{MUC_USER}}}status")}


def room_item(presence):
    """The item of a room's presence: affiliation, role, jid, nick."""
    return presence.xml.find(f"{{{MUC_USER}}}x/{{{MUC_USER}}}item")


def reason(presence):
    """The reason in a room's presence for what it tells."""
    return room_item(presence).findtext(f"{{{MUC_USER}}}reason")


def delayed(stanza):
    return stanza.xml.find("{urn:xmpp:delay}delay") is not None


def fits(stanza, wanted):
    return all(FITS[key](stanza, value) for key, value in wanted.items())


def kind(stanza):
    """The type attribute; available presence has none."""
    return stanza.xml.get("type", "")


FITS = {
    "sender": lambda s, v: s["from"] == slixmpp.JID(v),
    "body": lambda s, v: s.xml.findtext("{jabber:client}body") == v,
    "subject": lambda s, v: s.xml.findtext("{jabber:client}subject") == v,
    "type": lambda s, v: kind(s) == v,
    "show": lambda s, v: s.xml.findtext("{jabber:client}show", "") == v,
    "status_code": lambda s, v: v in codes(s),
    "condition": lambda s, v: kind(s) == "error" and s["error"]["condition"] == v,
}
