package control

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"

	"salon.im/salon/archive"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const (
	nsPIE       = "urn:xmpp:pie:0"
	nsPIEScram  = "urn:xmpp:pie:0#scram"
	nsPIEMAM    = "urn:xmpp:pie:0#mam"
	nsRoster    = "jabber:iq:roster"
	nsPrivate   = "jabber:iq:private"
	nsPrivacy   = "jabber:iq:privacy"
	nsBlocking  = "urn:xmpp:blocking"
	nsForward   = "urn:xmpp:forward:0"
	nsDelay     = "urn:xmpp:delay"
	nsExport    = "https://salon.im/export"
	stampFormat = "2006-01-02T15:04:05.000Z" // XEP-0082 §3.2
)

// exportPage is how many rows or documents are held at a time.
const exportPage = 250

// PersonStore is what export and erasure need of a store.
type PersonStore interface {
	storage.Accounts
	storage.Rosters
	storage.Blocklists
	storage.Rooms
	storage.Archive
	storage.Retention
	storage.Portable
}

// ExportUser implements Admin: an XEP-0227 document (1.1), written as it is read.
func (u *Users) ExportUser(ctx context.Context, addr wire.Addr, to io.Writer) error {
	if !addr.IsBare() {
		return invalid("%q is not a user's address", addr)
	}
	account, err := u.o.Persons.Account(ctx, addr)
	if err != nil {
		return missing(addr, "export", err)
	}
	e := &exporter{ctx: ctx, store: u.o.Persons, ids: u.ids, account: account, addr: addr, hosts: u.o.Hosts(), services: u.o.Services(), out: bufio.NewWriterSize(to, 64<<10)}
	if err := e.document(); err != nil {
		return fmt.Errorf("control: export %s: %w", addr, err)
	}
	return nil
}

// exporter writes one person's document. A writer that fails is told of by the last Flush.
type exporter struct {
	ctx      context.Context
	store    PersonStore
	ids      func() (archive.IDs, error) // asked for where there is one to write
	account  storage.Account
	addr     wire.Addr
	hosts    []string // of users: other archives are of rooms
	services []string // of rooms
	out      *bufio.Writer
}

func (e *exporter) document() error {
	e.raw(xml.Header + `<server-data xmlns="` + nsPIE + `">` + "\n")
	e.raw("<host" + attr("jid", e.addr.Domain()) + ">\n<user" + attr("name", e.addr.Local()) + ">\n")
	for _, part := range []func() error{
		e.offline, // the schema of §8 has it first
		e.credentials, e.roster, e.documents, e.blocklist,
		func() error {
			return e.archive(`<archive xmlns="`+nsPIEMAM+`">`, storage.Query{Owner: e.addr}, "</archive>\n")
		},
		e.rooms,
		e.affiliations,
	} {
		if err := part(); err != nil {
			return err
		}
	}
	e.raw("</user>\n</host>\n</server-data>\n")
	return e.out.Flush()
}

func (e *exporter) raw(s string) { _, _ = e.out.WriteString(s) }

// write writes a payload where urn:xmpp:pie:0 is the default namespace. Each of ours has one of its own.
func (e *exporter) write(p wire.Payload) {
	_, _ = e.out.Write(p)
	e.raw("\n")
}

func attr(name, value string) string { return string(wire.AppendAttr(nil, name, value)) }

// credentials are the SCRAM keys (XEP-0227 §4.3).
func (e *exporter) credentials() error {
	text := base64.StdEncoding.EncodeToString
	for _, k := range e.account.Keys {
		w := wire.NewWriter().Start(nsPIEScram, "scram-credentials").Attr("mechanism", "SCRAM-"+k.Hash)
		w.Elem("", "iter-count", strconv.Itoa(k.Iterations)).Elem("", "salt", text(k.Salt))
		e.write(w.Elem("", "server-key", text(k.ServerKey)).Elem("", "stored-key", text(k.StoredKey)).Payload())
	}
	return nil
}

// roster is the contacts (§4.4) and who asked to be one (§4.9).
func (e *exporter) roster() error {
	items, _, err := e.store.Roster(e.ctx, e.addr)
	if err != nil {
		return err
	}
	w := wire.NewWriter().Start(nsRoster, "query")
	for _, it := range items {
		if !it.Listed && !it.Approved {
			continue
		}
		w.Start("", "item").Attr("jid", it.Contact.String()).AttrIf("name", it.Name).Attr("subscription", string(it.Subscription))
		if it.Ask {
			w.Attr("ask", "subscribe")
		}
		if it.Approved {
			w.Attr("approved", "true")
		}
		for _, g := range it.Groups {
			w.Elem("", "group", g)
		}
		w.End()
	}
	e.write(w.Payload())
	for _, it := range items {
		if len(it.Request) == 0 {
			continue
		}
		if st, err := wire.Parse(it.Request); err == nil {
			e.write(wire.Payload(st.AppendStandalone(nil)))
		}
	}
	return nil
}

// documents are private XML in one query (§4.6), and the vCard and what else an account keeps as the elements that they are
// (§4.7, §4).
func (e *exporter) documents() error {
	var table *storage.Table
	for _, t := range storage.Tables {
		if t.Name == "documents" {
			table = t
		}
	}
	owner := e.addr.String()
	private := wire.NewWriter().Start(nsPrivate, "query")
	for after := (storage.Record{owner, "", ""}); ; {
		records, err := e.store.Dump(e.ctx, table, after, exportPage)
		if err != nil {
			return err
		}
		for _, r := range records {
			data, _ := r[3].([]byte)
			switch {
			case r[0] != owner:
				e.write(private.Payload())
				return nil
			case r[1] == "private":
				private.Raw(data)
			default:
				e.write(wire.NewWriter().Raw(data).Payload())
			}
			after = r[:table.Key]
		}
		if len(records) < exportPage {
			e.write(private.Payload())
			return nil
		}
	}
}

// blocklist is written twice: as the privacy list that §4.8 knows, which is what XEP-0191 §5 says it is, and as itself.
func (e *exporter) blocklist() error {
	blocked, err := e.store.Blocklist(e.ctx, e.addr)
	if err != nil || len(blocked) == 0 {
		return err
	}
	list := wire.NewWriter().Start(nsPrivacy, "query").Start("", "default").Attr("name", "blocked").End().Start("", "list").Attr("name", "blocked")
	itself := wire.NewWriter().Start(nsBlocking, "blocklist")
	for i, a := range blocked {
		list.Start("", "item").Attr("type", "jid").Attr("value", a.String()).Attr("action", "deny").Attr("order", strconv.Itoa(i+1)).End()
		itself.Start("", "item").Attr("jid", a.String()).End()
	}
	e.write(list.Payload())
	e.write(itself.Payload())
	return nil
}
