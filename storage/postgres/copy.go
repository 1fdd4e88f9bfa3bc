package postgres

import (
	"bytes"
	"encoding/binary"

	"salon.im/salon/storage"
)

// copyQuery goes with the order and the types of the fields that copyRows writes.
const copyQuery = `COPY archive (id, owner, peer_key, kind, outgoing, peer, origin, stanza) FROM STDIN (FORMAT binary)`

// maxCopyBuffer bounds the buffer that is kept for the next batch.
const maxCopyBuffer = 4 << 20

// copyRows stores the rows that were not dropped. It writes the binary format itself: asking for the columns' types first
// would be one more round trip for each batch, and each value a small allocation.
func (a *appending) copyRows(w *writer, c *conn) error {
	const signature = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00" // no flags, no extension
	buf := append(w.buf[:0], signature...)
	rows := 0
	for i := range a.Rows {
		r := &a.Rows[i]
		if a.instead[i] != 0 {
			continue
		}
		rows++
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
		buf = appendBytes(buf, r.Stanza)
	}
	if w.buf = buf; cap(buf) > maxCopyBuffer {
		w.buf = nil
	}
	if rows == 0 {
		return nil
	}
	_, err := c.PgConn().CopyFrom(c.ctx, bytes.NewReader(append(buf, 0xff, 0xff)), copyQuery)
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
