package muc

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"maps"
	"slices"

	"salon.im/salon/router"
	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

const (
	nsHats    = "urn:xmpp:hats:0"
	nsOldHats = "xmpp:prosody.im/protocol/hats:1" // before the specification; there are clients that show those
)

// Bounds of hats: those that a room has, those that one account wears, those that all wear together, and the bytes of what an
// admin writes about one.
const (
	maxHats     = 50
	maxHatsEach = 10
	maxWorn     = 1000
	maxHatTitle = 100
	maxHatURI   = 256
)

// hat is a title that people have in a room (XEP-0317 §3.1).
type hat struct {
	URI   string `json:"uri"`
	Title string `json:"title"`
	Hue   string `json:"hue,omitempty"` // an angle in degrees, of a colour
}

// hatsFacet tells that the hats are others than before (XEP-0317 §2).
var hatsFacet = facet{
	info: func(f *wire.FormWriter, r *room) {
		if len(r.set.Hats) == 0 {
			return
		}
		h := sha1.New()
		for _, v := range r.set.Hats {
			for _, s := range []string{v.URI, v.Title, v.Hue} {
				h.Write([]byte(s))
				h.Write([]byte{0})
			}
		}
		f.TextSingle("hats#hash", "Hats hash", hex.EncodeToString(h.Sum(nil)))
	},
}

func advertiseHats(r *router.Router) {
	r.Advertise(router.OnRoom, router.XEP{Num: 317, Version: "0.3.1", Status: "complete", Note: "who is no member of a room wears no hat there"}, nsHats)
}

// hat returns the hat of a URI, nil if there is none.
func (s *settings) hat(uri string) *hat {
	i := slices.IndexFunc(s.Hats, func(h hat) bool { return h.URI == uri })
	if i < 0 {
		return nil
	}
	return &s.Hats[i]
}

// hatsOf renders what an account, bare, wears; nil is nothing. Only members wear hats: an affiliation goes with its account, so
// that nobody inherits the hats of somebody who had the name before.
func (r *room) hatsOf(bare wire.Addr) wire.Payload {
	worn := r.set.Worn[bare]
	if len(worn) == 0 || r.affiliation(bare) < member {
		return nil
	}
	w := wire.NewWriter().Start(nsHats, "hats")
	for _, uri := range worn {
		if h := r.set.hat(uri); h != nil {
			w.Start("", "hat").Attr("title", h.Title).Attr("uri", h.URI).AttrIf("hue", h.Hue).End()
		}
	}
	return w.Payload()
}

// setHats stores changed hats. tell, to be called after it, tells everyone of those who wear others now, and with listed that
// the list of hats has changed (XEP-0317 §3.2).
func (r *room) setHats(set settings, listed bool) (tell func(), err error) {
	was := r.set
	if err := r.putSettings(set); err != nil {
		return nil, err
	}
	return func() {
		if listed && r.state == open {
			r.tellConfig(&was)
		}
		for _, o := range r.everyone() {
			if hats := r.hatsOf(o.bare); !bytes.Equal(hats, o.hats) {
				o.hats = hats
				r.announce(o)
			}
		}
	}, nil
}

// dropHats takes the hats of all but members, when affiliations were lost. It tells nobody: that is the matter of the loss.
// What cannot be stored now goes when the room is next read.
func (r *room) dropHats() {
	lost := func(a wire.Addr, _ []string) bool { return r.affiliation(a) < member }
	for a, v := range r.set.Worn {
		if !lost(a, v) {
			continue
		}
		r.set.Worn = maps.Clone(r.set.Worn)
		maps.DeleteFunc(r.set.Worn, lost)
		if r.stored {
			_ = r.save(r.set) // logged
		}
		return
	}
}

// unhat takes the hats of those who are no members after changes.
func (r *room) unhat(changes []storage.Affiliation) {
	for _, c := range changes {
		if len(r.set.Worn[c.Addr]) > 0 {
			r.dropHats()
			return
		}
	}
}
