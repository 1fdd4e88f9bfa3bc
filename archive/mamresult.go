package archive

import (
	"bytes"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const stampFormat = "2006-01-02T15:04:05.000Z" // XEP-0082 §3.2

var messageStart, messageEnd = []byte("<message"), []byte("</message>")

// Message is the message that carries a row to the asker (XEP-0313 §4.2): the stored bytes as they are, with extra as
// their last children. Owner is the archive's address, to the asker's. It is the zero Stanza if the bytes are damaged.
//
// The bytes were validated when they were stored; here they are spliced, and validated once more with what is around them.
func (q *Request) Message(owner, to wire.Addr, row *storage.Row, extra wire.Payload) wire.Stanza {
	stored := row.Stanza
	if !bytes.HasPrefix(stored, messageStart) {
		return wire.Stanza{}
	}
	b := make([]byte, 0, len(stored)+len(extra)+len(q.QueryID)+320)
	b = append(b, `<result xmlns="`+NSMAM+`"`...)
	if q.QueryID != "" {
		b = wire.AppendAttr(b, "queryid", q.QueryID)
	}
	b = append(b, ` id="`...)
	b = q.texts.Append(b, row.ID)
	b = append(b, `"><forwarded xmlns="`+nsForward+`"><delay xmlns="`+nsDelay+`" stamp="`...)
	b = IDTime(row.ID).AppendFormat(b, stampFormat)
	b = append(b, `"/>`...)
	if body, ok := bytes.CutSuffix(stored, messageEnd); ok && len(extra) > 0 {
		b = append(b, body...)
		b = append(b, extra...)
		b = append(b, messageEnd...)
	} else {
		b = append(b, stored...)
	}
	b = append(b, `</forwarded></result>`...)
	return wire.New(wire.KindMessage, "", "", owner, to, wire.Payload(b))
}

// Fin ends a page (XEP-0313 §4, §4.3.2): the ids at its ends, and whether it is the last. It has no count, for that would
// mean to read all (XEP-0059 §2.7).
func (q *Request) Fin(a Answer) wire.Payload {
	w := wire.NewWriter().Start(NSMAM, "fin")
	if a.Complete {
		w.Attr("complete", "true")
	}
	w.Start(nsRSM, "set")
	if a.First != 0 {
		w.Elem("", "first", q.texts.Text(a.First)).Elem("", "last", q.texts.Text(a.Last))
	}
	return w.Payload()
}
