package muc

import (
	"errors"
	"slices"
	"time"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/archive"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

// maxSubject bounds a subject in bytes, all languages together.
const maxSubject = 8 << 10

const fieldChangeSubject = "muc#roomconfig_changesubject"

// subjectFacet says who may change the subject: moderators, or participants too.
var subjectFacet = facet{
	form: func(f *wire.FormWriter, r *room) {
		f.Boolean(fieldChangeSubject, "Participants may change the subject", r.set.ChangeSubject)
	},
	read: func(f wire.Form, _ *room, set *settings) error {
		return readBool(f, fieldChangeSubject, &set.ChangeSubject)
	},
	info: func(f *wire.FormWriter, r *room) {
		if !r.set.guarded() { // §14.4
			f.TextSingle("muc#roominfo_subject", "Subject", r.subject.Text)
		}
		f.Boolean("muc#roominfo_subjectmod", "Participants may change the subject", r.set.ChangeSubject)
	},
}

// isSubject reports whether a message changes the subject: it has a subject and neither body nor thread (XEP-0045 §8.1).
func isSubject(st wire.Stanza) bool {
	return st.Type() == "groupchat" && st.Has("", "subject") && !st.Has("", "body") && !st.Has("", "thread")
}

// judgeSubject decides on a new subject (XEP-0045 §8.1). The archive keeps it like any message (XEP-0313 §6.1.2).
func (r *room) judgeSubject(st wire.Stanza, m *message) error {
	s, err := r.speaker(st)
	if err != nil {
		return err
	}
	if st.To().IsFull() {
		return errNotToOne
	}
	if !s.occ.role.may(privilegeSubject) && !(r.set.ChangeSubject && s.occ.role == participant) {
		return refusal(stanza.Auth, stanza.Forbidden, "You may not change the subject.") // §8.1
	}
	m.out = s.occ.says(st).WithTo(wire.Addr{})
	if m.out.Len() > maxSubject {
		return refusal(stanza.Modify, stanza.NotAcceptable, "The subject is too long.")
	}
	m.deliver = func(r *room, m *message) {
		if err := r.changeSubject(m); err != nil {
			r.refuse(st, err)
			return
		}
		r.subjectBy = s.full.Bare()
	}
	r.archiveRow(s, m)
	return r.judgeRetraction(s, m)
}

// changeSubject stores a subject that the archive has, then tells everyone.
func (r *room) changeSubject(m *message) error {
	st, at := m.out, r.now()
	if len(m.rows) > 0 {
		at = archive.IDTime(m.rows[0].ID)
		st = r.withStanzaID(st, r.addr, m.rows[0].ID)
	}
	k, _ := st.Kid("", "subject")
	sub := storage.Subject{Text: k.Text(), From: st.From(), At: at, Stanza: m.out.AppendStandalone(nil)}
	if err := r.storeSubject(sub); err != nil {
		return err
	}
	r.subject, r.subjectRow = sub, 0
	if len(m.rows) > 0 {
		r.subjectRow = m.rows[0].ID
	}
	r.takeBack(m.rewrite)
	r.toAll(st)
	return nil
}

// storeSubject stores a subject, if the room is stored.
func (r *room) storeSubject(sub storage.Subject) error {
	if !r.stored {
		return nil
	}
	ctx, cancel := r.ctx()
	defer cancel()
	if err := r.s.o.Rooms.PutSubject(ctx, r.addr, sub); err != nil {
		return r.storageError("store the subject", err)
	}
	return nil
}

// repeatSubject sets a subject that the archive has had since an earlier try, unless the room has it, or a newer one: after a crash
// between the two commits, or where the second one failed, nothing else would bring it.
func (r *room) repeatSubject(st wire.Stanza, m *message) {
	ctx, cancel := r.ctx()
	defer cancel()
	row, err := r.s.o.Archive.ByOrigin(ctx, r.addr, m.rows[0].Origin)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return
	case err != nil:
		r.refuse(st, r.storageError("look for a subject", err))
		return
	case row.Tombstone || row.ID <= r.subjectRow || archive.IDTime(row.ID).Before(r.subject.At) || r.setSubject(row):
		return
	}
	if out, err := wire.Parse(row.Stanza); err == nil && isSubject(out) {
		m.out, m.rows, m.rewrite = out, []storage.Row{row}, nil
		m.deliver(r, m)
	}
}

// dropRetracted takes a subject away that the archive has taken back: the retraction is there before the room's record is changed.
func (r *room) dropRetracted() error {
	if len(r.subject.Stanza) == 0 {
		return nil
	}
	ctx, cancel := r.ctx()
	defer cancel()
	rows, err := r.s.o.Archive.Page(ctx, storage.Query{Owner: r.addr, Limit: retractedRows,
		After: archive.TimeID(r.subject.At) - 1, Before: archive.TimeID(r.subject.At.Add(time.Millisecond))})
	if err != nil {
		return r.storageError("look for the subject", err)
	}
	if slices.ContainsFunc(rows, func(row storage.Row) bool { return row.Tombstone }) && !slices.ContainsFunc(rows, r.setSubject) {
		r.subject = storage.Subject{At: r.subject.At}
		_ = r.s.o.Rooms.PutSubject(ctx, r.addr, r.subject) // else the next time
	}
	return nil
}

// retractedRows are those among which dropRetracted looks: a room's of one millisecond.
const retractedRows = 100

// setSubject reports whether the subject was set by the message in a row.
func (r *room) setSubject(row storage.Row) bool {
	if row.Owner != r.addr || len(r.subject.Stanza) == 0 || !archive.IDTime(row.ID).Equal(r.subject.At) {
		return false
	}
	st, err := wire.Parse(row.Stanza)
	set, bad := wire.Parse(r.subject.Stanza)
	if err != nil || bad != nil || !isSubject(st) {
		return false
	}
	k, _ := st.Kid("", "subject")
	return st.ID() == set.ID() && st.From() == r.subject.From && k.Text() == r.subject.Text
}

// unsetSubject takes the subject away, since it was retracted, and tells everyone.
func (r *room) unsetSubject() {
	r.subject, r.subjectBy = storage.Subject{At: r.now()}, wire.Addr{} // so late that none before it comes back (repeatSubject)
	_ = r.storeSubject(r.subject)                                      // logged
	r.toAll(wire.New(wire.KindMessage, "groupchat", "", r.addr, wire.Addr{}, wire.NewWriter().Elem("", "subject", "").Payload()))
}

// sendSubject ends a join (XEP-0045 §7.2.15): with an empty subject where there is none.
func (r *room) sendSubject(s *session) {
	if len(r.subject.Stanza) > 0 {
		if st, err := wire.Parse(r.subject.Stanza); err == nil {
			s.send(st.With(delayed(r.addr, r.subject.At)).WithFrom(r.subject.From))
			return
		}
	}
	payloads := []wire.Payload{wire.NewWriter().Elem("", "subject", r.subject.Text).Payload()}
	if !r.subject.At.IsZero() { // it was taken back
		payloads = append(payloads, delayed(r.addr, r.subject.At))
	}
	from := r.addr
	if !r.subject.From.IsZero() {
		from = r.subject.From
	}
	s.send(wire.New(wire.KindMessage, "groupchat", "", from, wire.Addr{}, payloads...))
}
