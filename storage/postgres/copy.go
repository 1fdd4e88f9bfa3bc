package postgres

import (
	"bytes"
	"encoding/binary"

	"salon.im/salon/storage"
)

// The queries go with the order and the types of the fields that are written for them.
const (
	copyRowsQuery    = `COPY archive (id, owner, peer_key, kind, outgoing, peer, origin, stanza) FROM STDIN (FORMAT binary)`
	copyOriginsQuery = `COPY archive_origins (owner, origin, id) FROM STDIN (FORMAT binary)`
)

// maxCopyBuffer bounds the buffer that is kept for the next batch.
const maxCopyBuffer = 4 << 20

// copyRows stores the rows that were not dropped.
func (a *appending) copyRows(w *writer, c *conn) error {
	return a.copy(w, c, copyRowsQuery, func(buf []byte, r *storage.Row) []byte {
		buf = binary.BigEndian.AppendUint16(buf, 8) // fields
		buf = appendInt(buf, r.ID)
		buf = appendInt(buf, a.owners[r.Owner])
		buf = appendInt(buf, storage.PeerKey(r.Peer))
		buf = appendInt(buf, int64(r.Kind))
		buf = appendBool(buf, r.Outgoing)
		buf = appendBytes(buf, r.Peer.String())
		if len(r.Origin) == 0 {
			buf = append(buf, 0xff, 0xff, 0xff, 0xff) // null
		} else {
			buf = appendBytes(buf, r.Origin)
		}
		return appendBytes(buf, r.Stanza)
	})
}

// copyOrigins notes the rows' origins. It fails if the owner has one of them already: copying takes no conflicts, and costs
// less than an INSERT that does.
func (a *appending) copyOrigins(w *writer, c *conn) error {
	return a.copy(w, c, copyOriginsQuery, func(buf []byte, r *storage.Row) []byte {
		if len(r.Origin) == 0 {
			return buf
		}
		buf = binary.BigEndian.AppendUint16(buf, 3) // fields
		buf = appendInt(buf, a.owners[r.Owner])
		buf = appendBytes(buf, r.Origin)
		return appendInt(buf, r.ID)
	})
}

// copy sends what add appends for each row that was not dropped. It writes the binary format itself: asking for the columns'
// types first would be one more round trip for each batch, and each value a small allocation.
func (a *appending) copy(w *writer, c *conn, query string, add func([]byte, *storage.Row) []byte) error {
	const signature = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00" // no flags, no extension
	buf := append(w.buf[:0], signature...)
	for i := range a.Rows {
		if a.instead[i] == 0 {
			buf = add(buf, &a.Rows[i])
		}
	}
	if w.buf = buf; cap(buf) > maxCopyBuffer {
		w.buf = nil
	}
	if len(buf) == len(signature) {
		return nil
	}
	_, err := c.PgConn().CopyFrom(c.ctx, bytes.NewReader(append(buf, 0xff, 0xff)), query)
	return err
}

func appendInt(buf []byte, n int64) []byte {
	return binary.BigEndian.AppendUint64(append(buf, 0, 0, 0, 8), uint64(n))
}

func appendBool(buf []byte, b bool) []byte {
	if b {
		return append(buf, 0, 0, 0, 1, 1)
	}
	return append(buf, 0, 0, 0, 1, 0)
}

func appendBytes[T []byte | string](buf []byte, b T) []byte {
	return append(binary.BigEndian.AppendUint32(buf, uint32(len(b))), b...)
}
