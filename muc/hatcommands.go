package muc

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/wire"
)

const (
	nsHatCommands = "urn:xmpp:hats:commands"

	fieldHatURI   = "hats#uri"
	fieldHatTitle = "hats#title"
	fieldHatHue   = "hats#hue"
	fieldHatJID   = "hats#jid"
)

var (
	errNoHat    = refusal(stanza.Cancel, stanza.ItemNotFound, "There is no such hat.")
	errManyHats = refusal(stanza.Wait, stanza.ResourceConstraint, "There are too many hats.")
)

func mayGiveHats(r *room, full wire.Addr) bool { return r.rank(full.Bare()) >= admin }

// hatCreate makes a hat, or changes the one of that URI (XEP-0317 §3.2).
var hatCreate = command{node: nsHatCommands + ":create", name: "Create or change a hat", allowed: mayGiveHats,
	form: func(*room) wire.Payload {
		return wire.NewFormWriter("form", nsHatCommands).Title("Creating a hat").Instructions("The URI of a hat that is there changes it.").
			Required("text-single", fieldHatTitle, "Title").Required("text-single", fieldHatURI, "URI").
			TextSingle(fieldHatHue, "Hue, 0 to 360", "").Payload()
	},
	run: func(r *room, form wire.Form) (wire.Payload, func(), error) {
		h, err := readHat(form)
		if err != nil {
			return nil, nil, err
		}
		set := r.set
		set.Hats = slices.Clone(set.Hats)
		if is := set.hat(h.URI); is != nil {
			*is = h
		} else if set.Hats = append(set.Hats, h); len(set.Hats) > maxHats {
			return nil, nil, errManyHats
		}
		then, err := r.setHats(set, true)
		return nil, then, err
	},
}

// hatDestroy removes a hat from the list and from everyone who wears it (XEP-0317 §3.3).
var hatDestroy = command{node: nsHatCommands + ":destroy", name: "Destroy a hat", allowed: mayGiveHats,
	form: func(r *room) wire.Payload {
		return r.listHats(wire.NewFormWriter("form", nsHatCommands).Title("Destroying a hat")).Payload()
	},
	run: func(r *room, form wire.Form) (wire.Payload, func(), error) {
		uri, set := form.Value(fieldHatURI), r.set
		if set.hat(uri) == nil {
			return nil, nil, errNoHat
		}
		set.Hats = slices.DeleteFunc(slices.Clone(set.Hats), func(h hat) bool { return h.URI == uri })
		set.Worn = maps.Clone(set.Worn)
		for a, worn := range set.Worn {
			set.wear(a, without(worn, uri))
		}
		then, err := r.setHats(set, true)
		return nil, then, err
	},
}

// hatList shows the hats to who is in the room or could be by right (XEP-0317 §3.4).
var hatList = command{node: nsHatCommands + ":list", name: "List the hats",
	allowed: func(r *room, full wire.Addr) bool { return r.sessions[full] != nil || r.rank(full.Bare()) >= member },
	run: func(r *room, _ wire.Form) (wire.Payload, func(), error) {
		w := hatTable("Hats", fieldHatTitle, fieldHatURI, fieldHatHue)
		for _, h := range r.set.Hats {
			hatRow(w, fieldHatTitle, h.Title, fieldHatURI, h.URI, fieldHatHue, h.Hue)
		}
		return w.Payload(), nil, nil
	},
}

// hatAssign gives a hat to a member (XEP-0317 §3.5).
var hatAssign = command{node: nsHatCommands + ":assign", name: "Assign a hat", allowed: mayGiveHats,
	form: func(r *room) wire.Payload {
		return r.listHats(wire.NewFormWriter("form", nsHatCommands).Title("Assigning a hat").Required("jid-single", fieldHatJID, "Address of a member")).Payload()
	},
	run: func(r *room, form wire.Form) (wire.Payload, func(), error) {
		uri, bare, err := r.readWearer(form)
		if err != nil {
			return nil, nil, err
		}
		worn, set := r.set.Worn[bare], r.set
		switch {
		case r.affiliation(bare) < member:
			return nil, nil, refusal(stanza.Modify, stanza.NotAcceptable, "Only members wear hats: make them a member first.")
		case slices.Contains(worn, uri):
			return nil, nil, nil
		case len(worn) >= maxHatsEach || set.worn() >= maxWorn:
			return nil, nil, errManyHats
		}
		set.Worn = maps.Clone(set.Worn)
		set.wear(bare, append(slices.Clone(worn), uri))
		then, err := r.setHats(set, false)
		return nil, then, err
	},
}

// hatUnassign takes a hat from somebody (XEP-0317 §3.6).
var hatUnassign = command{node: nsHatCommands + ":unassign", name: "Remove a hat", allowed: mayGiveHats,
	form: func(r *room) wire.Payload {
		return r.listHats(wire.NewFormWriter("form", nsHatCommands).Title("Removing a hat").Required("jid-single", fieldHatJID, "Address of who wears it")).Payload()
	},
	run: func(r *room, form wire.Form) (wire.Payload, func(), error) {
		uri, bare, err := r.readWearer(form)
		if err != nil {
			return nil, nil, err
		}
		set := r.set
		if !slices.Contains(set.Worn[bare], uri) {
			return nil, nil, errNoHat
		}
		set.Worn = maps.Clone(set.Worn)
		set.wear(bare, without(set.Worn[bare], uri))
		then, err := r.setHats(set, false)
		return nil, then, err
	},
}

// hatListAssigned shows who wears what (XEP-0317 §3.7), to those who may see the list of members: it has real addresses.
var hatListAssigned = command{node: nsHatCommands + ":list-assigned", name: "List who wears hats",
	allowed: func(r *room, full wire.Addr) bool { return r.mayList(full, member) },
	run: func(r *room, _ wire.Form) (wire.Payload, func(), error) {
		w := hatTable("Assigned hats", fieldHatJID, fieldHatURI, fieldHatTitle, fieldHatHue)
		wearers := slices.SortedFunc(maps.Keys(r.set.Worn), wire.Addr.Compare)
		for _, a := range wearers {
			for _, uri := range r.set.Worn[a] {
				if h := r.set.hat(uri); h != nil {
					hatRow(w, fieldHatJID, a.String(), fieldHatURI, uri, fieldHatTitle, h.Title, fieldHatHue, h.Hue)
				}
			}
		}
		return w.Payload(), nil, nil
	},
}

// wear replaces what an account wears. The map is the caller's own.
func (s *settings) wear(bare wire.Addr, uris []string) {
	if s.Worn == nil {
		s.Worn = map[wire.Addr][]string{}
	}
	if s.Worn[bare] = uris; len(uris) == 0 {
		delete(s.Worn, bare)
	}
}

// worn counts what all wear.
func (s *settings) worn() (n int) {
	for _, v := range s.Worn {
		n += len(v)
	}
	return n
}

func without(uris []string, uri string) []string {
	return slices.DeleteFunc(slices.Clone(uris), func(u string) bool { return u == uri })
}

// listHats adds the choice of a hat.
func (r *room) listHats(f *wire.FormWriter) *wire.FormWriter {
	var options []wire.Option
	for _, h := range r.set.Hats {
		options = append(options, wire.Option{Label: h.Title, Value: h.URI})
	}
	return f.ListSingle(fieldHatURI, "Hat", "", options...)
}

// readHat reads what an admin wrote about a hat.
func readHat(form wire.Form) (hat, error) {
	h := hat{URI: strings.Clone(form.Value(fieldHatURI)), Title: strings.Clone(strings.TrimSpace(form.Value(fieldHatTitle)))}
	u, err := url.Parse(h.URI)
	switch {
	case h.Title == "" || len(h.Title) > maxHatTitle:
		return h, errCommand("bad-payload", "A hat needs a title of up to "+strconv.Itoa(maxHatTitle)+" bytes.")
	case err != nil || !u.IsAbs() || len(h.URI) > maxHatURI || strings.ContainsAny(h.URI, " <>\""):
		return h, errCommand("bad-payload", "A hat needs a URI, such as urn:example:teacher.")
	}
	if v := strings.TrimSpace(form.Value(fieldHatHue)); v != "" {
		hue, err := strconv.ParseFloat(v, 64)
		if err != nil || !(hue >= 0 && hue <= 360) {
			return h, errCommand("bad-payload", "The hue is an angle from 0 to 360.")
		}
		h.Hue = strconv.FormatFloat(hue, 'f', -1, 64)
	}
	return h, nil
}

// readWearer reads which hat a command is about, and whom, bare.
func (r *room) readWearer(form wire.Form) (uri string, bare wire.Addr, err error) {
	h := r.set.hat(form.Value(fieldHatURI))
	if h == nil {
		return "", wire.Addr{}, errNoHat
	}
	bare, err = wire.ParseAddr(form.Value(fieldHatJID))
	if err != nil || bare.IsHost() {
		return "", wire.Addr{}, errAddress
	}
	return h.URI, bare.Bare().Clone(), nil
}

// hatTable begins a result of several rows (XEP-0004 §3.4).
func hatTable(title string, fields ...string) *wire.Writer {
	w := wire.NewWriter().Start(wire.NSForm, "x").Attr("type", "result").Elem("", "title", title)
	w.Start("", "field").Attr("type", "hidden").Attr("var", "FORM_TYPE").Elem("", "value", nsHatCommands).End()
	w.Start("", "reported")
	for _, f := range fields {
		w.Start("", "field").Attr("var", f).End()
	}
	return w.End()
}

// hatRow adds a row of names and values.
func hatRow(w *wire.Writer, row ...string) {
	w.Start("", "item")
	for i := 0; i < len(row); i += 2 {
		w.Start("", "field").Attr("var", row[i]).Elem("", "value", row[i+1]).End()
	}
	w.End()
}
