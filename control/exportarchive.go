package control

import (
	"salon.im/salon/archive"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// offline is what waits for delivery (§4.5). It is in the archive too; the stanza-ids say what is the same.
func (e *exporter) offline() error {
	e.raw("<offline-messages>\n")
	for after := int64(0); ; {
		page, err := archive.Undelivered(e.ctx, e.store, e.addr, after, exportPage)
		if err != nil {
			return err
		}
		for _, it := range page.Items {
			if err := e.waiting(it); err != nil {
				return err
			}
		}
		if after = page.Last; !page.Full {
			e.raw("</offline-messages>\n")
			return nil
		}
	}
}

func (e *exporter) waiting(it archive.Item) error {
	ids, err := e.ids()
	if err != nil {
		return err
	}
	w := wire.NewWriter().Start(nsDelay, "delay").Attr("from", e.addr.Domain()).Attr("stamp", it.Time.Format(stampFormat)).End()
	e.write(wire.Payload(it.Stanza.Edit().Append(w.Payload()).Append(ids.StanzaID(e.addr, it.ID)).Stanza().AppendStandalone(nil)))
	return nil
}

// archive writes the rows that q selects as results of a query (§4.11), between begin and end; neither if there are none.
func (e *exporter) archive(begin string, q storage.Query, end string) error {
	q.Limit = exportPage
	begun := false
	for more := true; more; {
		rows, err := e.store.Page(e.ctx, q)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if q.After = r.ID; q.Owner != e.addr && r.Kind != storage.RowGroupchat {
				continue
			}
			if !begun {
				e.raw(begin + "\n")
				begun = true
			}
			if err := e.result(r); err != nil {
				return err
			}
		}
		more = len(rows) == exportPage
	}
	if begun {
		e.raw(end)
	}
	return e.ctx.Err()
}

// result writes one row (XEP-0313 §3.2). Bytes that do not parse are left out: the document would not either.
func (e *exporter) result(r storage.Row) error {
	st, err := wire.Parse(r.Stanza)
	if err != nil {
		return nil
	}
	ids, err := e.ids()
	if err != nil {
		return err
	}
	w := wire.NewWriter().Start(archive.NSMAM, "result").Attr("id", ids.Text(r.ID))
	w.Start(nsForward, "forwarded")
	w.Start(nsDelay, "delay").Attr("stamp", archive.IDTime(r.ID).Format(stampFormat)).End().Stanza(st)
	e.write(w.Payload())
	_, err = e.out.Write(nil) // a writer that failed stays so: a million rows are not read for nobody
	return err
}
