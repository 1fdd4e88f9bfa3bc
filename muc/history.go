package muc

import (
	"context"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"salon.im/salon/archive"
	"salon.im/salon/wire"
)

// historyBytes bounds the messages that a room keeps at hand.
const historyBytes = 1 << 20

// entry is a message that was broadcast and kept.
type entry struct {
	id      int64
	st      wire.Stanza // with the room's stanza-id
	delayed wire.Stanza // the same with its delay stamp, once somebody asked for it
	gone    bool        // st is a tombstone
}

// history is the newest messages of a room, oldest first, so that who joins costs no reading.
type history struct {
	read    bool // out of the store
	entries []entry
	bytes   int
}

// add appends a message and drops the oldest above max messages or historyBytes. One that was stored earlier than others, by
// a commit whose answer was lost, goes to its place, unless it was read there already.
func (h *history) add(e entry, max int) {
	i := len(h.entries)
	for i > 0 && h.entries[i-1].id > e.id {
		i--
	}
	if i > 0 && h.entries[i-1].id == e.id {
		return
	}
	h.entries = slices.Insert(h.entries, i, e)
	h.bytes += e.st.Len()
	for len(h.entries) > max || h.bytes > historyBytes {
		h.bytes -= h.entries[0].st.Len()
		h.entries[0] = entry{}
		h.entries = h.entries[1:]
	}
}

// replace puts a tombstone in the place of the message with that id, if it is at hand and is none yet.
func (h *history) replace(id int64, st wire.Stanza) {
	for i := range h.entries {
		if h.entries[i].id == id && !h.entries[i].gone {
			h.bytes += st.Len() - h.entries[i].st.Len()
			h.entries[i] = entry{id: id, st: st, gone: true}
		}
	}
}

// readHistory fills the history from the store, for the first who joins.
func (r *room) readHistory() error {
	if r.history.read {
		return nil
	}
	max := r.s.o.Config().Rooms.HistoryMax
	ctx, cancel := r.ctx()
	defer cancel()
	pages, err := r.newestPages(ctx, max)
	if err != nil {
		return r.storageError("read the history", err)
	}
	r.history = history{read: true}
	for _, page := range slices.Backward(pages) {
		for _, it := range page.Items {
			if isSubject(it.Stanza) {
				continue // a subject ends what who enters is sent (XEP-0045 §7.2.15)
			}
			r.history.add(entry{id: it.ID, st: r.withStanzaID(it.Stanza, r.addr, it.ID), gone: it.Tombstone}, max)
		}
	}
	return nil
}

// newestPages reads back until max messages or historyBytes are reached, the newest page first.
func (r *room) newestPages(ctx context.Context, max int) (pages []archive.Page, err error) {
	skipped, size := 0, 0
	for first, left := int64(0), max; left > 0 && size < historyBytes; {
		page, err := archive.Before(ctx, r.s.o.Archive, r.addr, first, left)
		if err != nil {
			return nil, err
		}
		pages = append(pages, page)
		skipped += page.Skipped
		for _, it := range page.Items {
			size += it.Stanza.Len()
		}
		if first, left = page.First, left-len(page.Items); !page.Full {
			break
		}
	}
	if skipped > 0 {
		r.log.Error("history has rows that do not parse", "rows", skipped)
	}
	return pages, nil
}

// wanted is how much history a session asks for (XEP-0045 §7.2.14); -1 is no limit.
type wanted struct {
	chars, stanzas int
	since          time.Time
}

func (r *room) wanted(x wire.Kid) wanted {
	most := r.maxHistory()
	w := wanted{chars: -1, stanzas: min(most, r.s.o.Config().Rooms.HistoryStanzas)}
	k, ok := x.Kid("", "history")
	if !ok {
		return w
	}
	w.stanzas = most
	if n, ok := number(k, "maxstanzas"); ok {
		w.stanzas = min(n, most)
	}
	if n, ok := number(k, "maxchars"); ok {
		w.chars = n
	}
	if n, ok := number(k, "seconds"); ok {
		w.since = r.now().Add(-time.Duration(min(n, 1<<31)) * time.Second)
	}
	if t, err := time.Parse(time.RFC3339, k.Attr("since")); err == nil && t.After(w.since) {
		w.since = t
	}
	return w
}

// number reads an attribute that is not negative.
func number(k wire.Kid, name string) (int, bool) {
	n, err := strconv.Atoi(k.Attr(name))
	return n, err == nil && n >= 0
}

// sendHistory sends the newest messages within every limit that was asked for.
func (r *room) sendHistory(s *session, x wire.Kid) {
	w := r.wanted(x).notBefore(r.lifetime().Since(r.now()))
	entries := r.history.entries
	first := len(entries)
	for chars := 0; first > 0 && len(entries)-first < w.stanzas; first-- {
		e := &entries[first-1]
		if archive.IDTime(e.id).Before(w.since) {
			break
		}
		r.delay(e)
		if w.chars >= 0 {
			if chars += charsOf(e.delayed.WithTo(s.full)); chars > w.chars {
				break
			}
		}
	}
	for i := first; i < len(entries); i++ {
		s.send(entries[i].delayed)
	}
}

// charsOf counts the characters of the whole stanza (§7.2.14: maxchars counts complete XML stanzas).
func charsOf(st wire.Stanza) int { return utf8.RuneCount(st.AppendStandalone(nil)) }

// delay stamps a message with the time at which the room received it (XEP-0203 §4).
func (r *room) delay(e *entry) {
	if e.delayed.IsZero() {
		e.delayed = e.st.With(delayed(r.addr, archive.IDTime(e.id)))
	}
}

func delayed(from wire.Addr, at time.Time) wire.Payload {
	w := wire.NewWriter().Start(nsDelay, "delay").Attr("from", from.String())
	return w.Attr("stamp", at.UTC().Format("2006-01-02T15:04:05.000Z")).End().Payload()
}
