package muc

import (
	"slices"
	"strings"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/wire"
)

// fieldContact is our own field, named as XEP-0068 §3.4 asks of those that nobody registered.
const fieldContact = "{https://salon.im/muc}contact"

// maxContacts bounds the contact addresses of a room.
const maxContacts = 10

// forgetContact takes an account that was deleted, bare, out of the contacts. Nobody is told.
func (r *room) forgetContact(account wire.Addr) {
	if !slices.Contains(r.set.Contact, account.String()) {
		return
	}
	r.set.Contact = slices.DeleteFunc(slices.Clone(r.set.Contact), func(c string) bool { return c == account.String() })
	if r.stored {
		_ = r.save(r.set) // logged; ForgetStored sees to it
	}
}

// contactFacet says whom to turn to about the room (XEP-0045 §16.5.4). Owners name them: that they own the room does not mean
// that they want to be found.
var contactFacet = facet{
	form: func(f *wire.FormWriter, r *room) {
		f.Field("jid-multi", fieldContact, "Addresses of contacts, for everyone to see", "", nil, r.set.Contact...)
	},
	read: func(f wire.Form, _ *room, set *settings) error {
		if !f.Has(fieldContact) {
			return nil
		}
		set.Contact = nil
		for _, v := range f.Values(fieldContact) {
			if v == "" {
				continue
			}
			a, err := wire.ParseAddr(v)
			if err != nil || a.Local() == "" {
				return refusal(stanza.Modify, stanza.NotAcceptable, "The field "+fieldContact+" takes addresses such as anna@example.org.")
			}
			if set.Contact = append(set.Contact, strings.Clone(a.Bare().String())); len(set.Contact) > maxContacts {
				return refusal(stanza.Modify, stanza.NotAcceptable, "The field "+fieldContact+" has too many addresses.")
			}
		}
		return nil
	},
	info: func(f *wire.FormWriter, r *room) {
		if len(r.set.Contact) > 0 {
			f.Field("jid-multi", "muc#roominfo_contactjid", "Contacts", "", nil, r.set.Contact...)
		}
	},
}
