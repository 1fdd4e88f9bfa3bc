package muc

import (
	"salon.im/salon/archive"
	"salon.im/salon/wire"
)

const fieldArchiving = "muc#roomconfig_enablearchiving" // registered by XEP-0313 as deployed, beside those of XEP-0045 §16.5.3

// archiveFacet keeps what is said in the archive, or not (XEP-0313).
var archiveFacet = facet{
	form: func(f *wire.FormWriter, r *room) {
		f.Boolean(fieldArchiving, "Keep what is said in the room's archive", !r.set.NoArchive)
	},
	read: func(f wire.Form, _ *room, set *settings) error {
		on := !set.NoArchive
		if err := readBool(f, fieldArchiving, &on); err != nil {
			return err
		}
		set.NoArchive = !on
		return nil
	},
	feature: func(set *settings) string { return unlessOff(set, archive.NSMAM) },
	changed: func(was, is *settings) int { // XEP-0045 §10.2.1
		switch {
		case was.NoArchive == is.NoArchive:
			return 0
		case is.NoArchive:
			return statusNotLogged
		}
		return statusLogged
	},
}

// archiveExtendedFacet says that the archive knows all of XEP-0313 (§7).
var archiveExtendedFacet = facet{feature: func(set *settings) string { return unlessOff(set, archive.NSMAMExtended) }}

func unlessOff(set *settings, feature string) string {
	if set.NoArchive {
		return ""
	}
	return feature
}

// searched reports whether the archives of these rooms are searched by their text (XEP-0431).
func (o *Options) searched() bool { return *o.Config().HostNamed(o.Host).Archive.Search }

// unkept gives a message that the archive does not keep a place in the live history: an id by its time, above all before it.
func (r *room) unkept() int64 {
	id := archive.TimeID(r.now())
	if n := len(r.history.entries); n > 0 {
		id = max(id, r.history.entries[n-1].id+1)
	}
	return id
}
