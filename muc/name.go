package muc

import (
	"slices"
	"strings"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/wire"
)

// Bounds of what an owner writes about a room, in bytes.
const (
	maxName        = 256
	maxDescription = 4 << 10
	maxLang        = 64
)

const fieldName = "muc#roomconfig_roomname"

// nameFacet is the room's name for people: the name of its disco identity and of its list entry.
var nameFacet = facet{
	form: func(f *wire.FormWriter, r *room) { f.TextSingle(fieldName, "Name", r.set.Name) },
	read: func(f wire.Form, _ *room, set *settings) error { return readText(f, fieldName, maxName, &set.Name) },
}

// readText takes a text field, bounded in bytes; lines of a text-multi are joined.
func readText(f wire.Form, name string, max int, into *string) error {
	if !f.Has(name) {
		return nil
	}
	v := strings.TrimSpace(strings.Join(f.Values(name), "\n"))
	if len(v) > max {
		return refusal(stanza.Modify, stanza.NotAcceptable, "The field "+name+" is too long.")
	}
	*into = strings.Clone(v)
	return nil
}

// readBool takes a boolean field.
func readBool(f wire.Form, name string, into *bool) error {
	if !f.Has(name) {
		return nil
	}
	v, ok := f.Bool(name)
	if !ok {
		return refusal(stanza.Modify, stanza.BadRequest, "The field "+name+" is no boolean.")
	}
	*into = v
	return nil
}

// withValue returns a list's options, and the value in force if it is none of them.
func withValue(options []wire.Option, value string) []wire.Option {
	if slices.ContainsFunc(options, func(o wire.Option) bool { return o.Value == value }) {
		return options
	}
	return append(options, wire.Option{Label: value, Value: value})
}

// badField refuses a value that a list does not have.
func badField(name string) stanza.Error {
	return refusal(stanza.Modify, stanza.NotAcceptable, "The field "+name+" has an unknown value.")
}
